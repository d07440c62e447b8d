import { headers, type Msg, type NatsConnection } from 'nats'
import { verifyToken } from '../claims/token.ts'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { subscribeGuarded } from './connect.ts'
import { pagesOf } from './pages.ts'
import { SecretStore } from './secret-store.ts'
import {
  hostXkeyHeader,
  putSecretShape,
  responseXkeyHeader,
  type SecretRequest,
  secretJson,
  secretRequestShape,
  secretsSubjects,
} from './secrets-protocol.ts'
import { listOf, parseJson, text } from './shape.ts'
import { createXkey, type Xkey } from './xkey.ts'

export interface SecretsBackendOptions {
  readonly connection: NatsConnection
  /** The base of its subjects, such as `wasmcloud.secrets`. */
  readonly topic: string
  /** Its name in references; default `nats-kv`. */
  readonly name?: string
  /** What requests to it are sealed for. */
  readonly transit: Xkey
  /** What seals secrets in the bucket: the same for ever, or they cannot be read. */
  readonly encryption: Xkey
  /** The bucket of the secrets; default `WASMCLOUD_SECRETS`. */
  readonly bucket?: string
  readonly log: Log
}

/** An error by the names that the protocol has, the cause behind it. */
class Refusal extends Error {
  readonly error: string | Readonly<Record<string, string>>
  constructor(error: string | Readonly<Record<string, string>>) {
    super(typeof error === 'string' ? error : JSON.stringify(error))
    this.error = error
  }
}

const queueBase = 'wasmcloud_secrets'

/**
 * Serves secrets from NATS KV as wasmCloud's `secrets-nats-kv` does, with the same buckets and requests, so that either
 * can take the other's place. Who may read what is a list of secrets for each public key.
 */
export async function startSecretsBackend(
  options: SecretsBackendOptions,
): Promise<{ stop(): Promise<void> }> {
  const {
    connection,
    topic,
    name = 'nats-kv',
    bucket = 'WASMCLOUD_SECRETS',
    transit,
    encryption,
    log,
  } = options
  const store = await SecretStore.open({ connection, name, bucket, encryption })
  const subjects = secretsSubjects(topic, name)
  const answer = async (operation: string, message: Msg): Promise<void> => {
    const [verb = '', subject = ''] = operation.split('.')
    if (verb === 'server_xkey') message.respond(transit.publicKey)
    else if (verb === 'get') await answerGet({ message, transit, store })
    else if (verb === 'put_secret')
      message.respond(JSON.stringify(await putSecret({ message, transit, store })))
    else if (verb === 'add_mapping') await change(message, (keys) => store.grant(subject, keys))
    else if (verb === 'remove_mapping') await change(message, (keys) => store.revoke(subject, keys))
    else if (verb === 'list_secrets') await answerList(message, { store, connection })
    else message.respond(`unknown operation ${verb}`)
  }
  const subscription = subscribeGuarded(connection, subjects.any, {
    queue: `${queueBase}.${name}`,
    log,
    onMessage: (message) => answer(message.subject.slice(subjects.root.length + 1), message),
  })
  await connection.flush()
  return { stop: () => subscription.drain() }
}

interface Asked {
  readonly message: Msg
  readonly transit: Xkey
  readonly store: SecretStore
}

async function answerGet(asked: Asked): Promise<void> {
  const { message } = asked
  try {
    const { body, host } = opened(asked)
    const secret = await readSecret(
      asked.store,
      parsed(() => parseJson(body, secretRequestShape), 'InvalidRequest'),
    )
    const own = createXkey()
    const head = headers()
    head.set(responseXkeyHeader, own.publicKey)
    message.respond(own.seal(new TextEncoder().encode(JSON.stringify({ secret })), host), { headers: head })
  } catch (thrown) {
    message.respond(JSON.stringify({ error: errorOf(thrown) }))
  }
}

async function readSecret(store: SecretStore, request: SecretRequest): Promise<object> {
  const { entity_jwt, host_jwt } = request.context
  const entity = verified(entity_jwt, 'InvalidEntityJWT')
  verified(host_jwt, 'InvalidHostJWT')
  if (!(await store.mayRead(entity.subject, request.key))) throw new Refusal('Unauthorized')
  const version = request.version === null ? undefined : Number(request.version)
  if (version !== undefined && !Number.isSafeInteger(version)) throw new Refusal('InvalidRequest')
  const found = await store.read(request.key, version)
  if (!found) throw new Refusal('SecretNotFound')
  return { version: String(found.revision), ...secretJson(found.value) }
}

async function putSecret(asked: Asked): Promise<object> {
  try {
    const { body } = opened(asked)
    const { key, string_secret, binary_secret } = parsed(
      () => parseJson(body, putSecretShape),
      'InvalidPayload',
    )
    const value = string_secret === undefined ? binary_secret : new TextEncoder().encode(string_secret)
    if (value === undefined) throw new Refusal('NoSecretProvided')
    return { revision: await asked.store.put(key, value), error: null }
  } catch (thrown) {
    return { revision: 0, error: errorOf(thrown) }
  }
}

async function answerList(
  message: Msg,
  { store, connection }: { readonly store: SecretStore; readonly connection: NatsConnection },
): Promise<void> {
  try {
    const items = await store.list()
    for (const page of pagesOf({ items, maxPayload: connection.info?.max_payload })) message.respond(page)
  } catch (thrown) {
    message.respond(JSON.stringify({ error: WeftError.from(thrown).message }))
  }
}

async function change(message: Msg, deed: (keys: readonly string[]) => Promise<void>): Promise<void> {
  try {
    await deed(parseJson(message.data, listOf(text)))
    message.respond('ok')
  } catch (thrown) {
    message.respond(WeftError.from(thrown).message)
  }
}

/** What was sealed for this backend, and by whom. */
function opened({ message, transit }: Asked): { readonly body: Uint8Array; readonly host: string } {
  if (message.data.length === 0) throw new Refusal('InvalidPayload')
  if (!message.headers) throw new Refusal('InvalidHeaders')
  const host = message.headers.get(hostXkeyHeader)
  if (!/^X[A-Z2-7]{55}$/.test(host)) throw new Refusal('InvalidXKey')
  return { host, body: parsed(() => transit.open(message.data, host), 'DecryptionError') }
}

function verified(jwt: string, error: string) {
  try {
    return verifyToken(jwt, 'the request')
  } catch (thrown) {
    throw new Refusal({ [error]: WeftError.from(thrown).message })
  }
}

function parsed<T>(read: () => T, error: string): T {
  try {
    return read()
  } catch {
    throw new Refusal(error)
  }
}

function errorOf(thrown: unknown): string | Readonly<Record<string, string>> {
  return thrown instanceof Refusal ? thrown.error : { UpstreamError: WeftError.from(thrown).message }
}
