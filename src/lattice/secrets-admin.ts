import { headers, type NatsConnection } from 'nats'
import { WeftError } from '../errors.ts'
import type { SecretValue } from '../secret.ts'
import { requestKept } from './kept-requests.ts'
import { requestServerXkey } from './secrets-client.ts'
import {
  hostXkeyHeader,
  type ListedSecret,
  listedSecretShape,
  secretJson,
  secretsSubjects,
} from './secrets-protocol.ts'
import { anything, count, listOf, or, parseJson, record } from './shape.ts'
import { createXkey } from './xkey.ts'

/** What fills a NATS-KV backend and says who may read what: this one, and wasmCloud's. */
export interface SecretsAdmin {
  /** Stores a value, sealed on the way; gives its version. */
  put(key: string, value: SecretValue): Promise<number>
  /** Lets the owner of a public key (`M…`, `V…`) read these secrets. */
  grant(subject: string, keys: readonly string[]): Promise<void>
  revoke(subject: string, keys: readonly string[]): Promise<void>
  /** The names of all secrets and who may read each; only Weft's own backend tells. */
  list(): Promise<readonly ListedSecret[]>
}

const timeoutMs = 5_000
const putAnswer = record({ revision: or(count, 0) }, { error: anything })

export function createSecretsAdmin(options: {
  readonly connection: NatsConnection
  readonly topic: string
  readonly backend: string
}): SecretsAdmin {
  const { connection, topic, backend } = options
  const subjects = secretsSubjects(topic, backend)
  const change = async (subject: string, keys: readonly string[]) => {
    // Its key is asked for first, which says well that nobody is there.
    await requestServerXkey(options)
    const answer = (await connection.request(subject, JSON.stringify(keys), { timeout: timeoutMs })).string()
    if (answer !== 'ok')
      throw new WeftError('unavailable', `the secrets backend refused: ${answer.slice(0, 300)}`)
  }
  return {
    async put(key, value) {
      const server = await requestServerXkey(options)
      const own = createXkey()
      const head = headers()
      head.set(hostXkeyHeader, own.publicKey)
      const body = JSON.stringify({ key, version: '', ...secretJson(value) })
      const sealed = own.seal(new TextEncoder().encode(body), server)
      const reply = await connection.request(subjects.put, sealed, { timeout: timeoutMs, headers: head })
      const { revision, error } = parseJson(reply.data, putAnswer)
      if (error === undefined) return revision
      throw new WeftError(
        'denied',
        `secret ${key}: the backend refused: ${JSON.stringify(error).slice(0, 300)}`,
      )
    },
    grant: (subject, keys) => change(subjects.grant(subject), keys),
    revoke: (subject, keys) => change(subjects.revoke(subject), keys),
    async list() {
      await requestServerXkey(options)
      const { items } = await requestKept({
        connection,
        subject: subjects.list,
        request: {},
        what: `the secrets of backend ${backend}`,
        nobody: `the secrets backend ${backend} has gone`,
      }).catch((cause: unknown) => {
        const { code, message } = WeftError.from(cause)
        throw new WeftError(code, `the secrets backend ${backend} does not list what it has: ${message}`, {
          cause,
        })
      })
      return listOf(listedSecretShape)(items, 'items')
    },
  }
}
