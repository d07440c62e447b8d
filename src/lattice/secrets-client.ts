import { headers, type Msg, type NatsConnection } from 'nats'
import { WeftError } from '../errors.ts'
import type { SecretValue } from '../secret.ts'
import {
  hostXkeyHeader,
  readSecretAnswer,
  responseXkeyHeader,
  type SecretReference,
  type SecretRequest,
  secretsSubjects,
} from './secrets-protocol.ts'
import { createXkey } from './xkey.ts'

/** Who asks for a secret. */
export interface SecretEntity {
  /** The component's or provider's own signed claims: what a backend decides by. */
  readonly jwt: string
  /** The application that it belongs to. */
  readonly application?: string | undefined
}

/** Fetches secrets from the backends of a lattice. Values are sealed on the way and kept nowhere. */
export interface SecretsClient {
  fetch(reference: SecretReference, entity: SecretEntity): Promise<SecretValue>
}

const timeoutMs = 5_000

/** Makes a client; `hostJwt` shows backends which host asks. */
export function createSecretsClient(options: {
  readonly connection: NatsConnection
  /** The base of the backends' subjects, such as `wasmcloud.secrets`. */
  readonly topic: string
  readonly hostJwt: string
}): SecretsClient {
  const { connection, topic, hostJwt } = options
  const serverKeys = new Map<string, string>()
  const keyOf = async (backend: string) => {
    const known = serverKeys.get(backend) ?? (await requestServerXkey({ connection, topic, backend }))
    serverKeys.set(backend, known)
    return known
  }
  return {
    async fetch(reference, entity) {
      const { backend, key } = reference
      const subjects = secretsSubjects(topic, backend)
      const own = createXkey()
      const sealed = own.seal(encode(requestFor(reference, entity, hostJwt)), await keyOf(backend))
      const head = headers()
      head.set(hostXkeyHeader, own.publicKey)
      const reply = await connection
        .request(subjects.get, sealed, { timeout: timeoutMs, headers: head })
        .catch((cause: unknown) => {
          throw noBackend(backend, topic, cause)
        })
      const from = reply.headers?.get(responseXkeyHeader)
      // A backend that was started anew with another key cannot open what was sealed for the old one.
      if (!from) serverKeys.delete(backend)
      return readSecretAnswer(from ? own.open(reply.data, from) : reply.data, key)
    },
  }
}

/** Asks a backend for its public xkey, for which requests to it are sealed. */
export async function requestServerXkey(options: {
  readonly connection: NatsConnection
  readonly topic: string
  readonly backend: string
}): Promise<string> {
  const { connection, topic, backend } = options
  const subject = secretsSubjects(topic, backend).serverXkey
  const reply: Msg = await connection.request(subject, '', { timeout: timeoutMs }).catch((cause: unknown) => {
    throw noBackend(backend, topic, cause)
  })
  const key = reply.string().trim()
  if (/^X[A-Z2-7]{55}$/.test(key)) return key
  throw new WeftError('unavailable', `secrets backend ${backend} on ${topic} answered no xkey`)
}

function requestFor(reference: SecretReference, entity: SecretEntity, hostJwt: string): SecretRequest {
  const { key, field = null, version = null, policy = '' } = reference
  const application = { name: entity.application ?? null, policy }
  return { key, field, version, context: { entity_jwt: entity.jwt, host_jwt: hostJwt, application } }
}

function noBackend(backend: string, topic: string, cause: unknown): WeftError {
  const hint = 'start it with `weft secrets serve`, or name the right one in the policy'
  return new WeftError('unavailable', `no secrets backend ${backend} answers on ${topic}: ${hint}`, { cause })
}

function encode(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}
