import { WeftError } from '../errors.ts'
import type { SecretValue } from '../secret.ts'
import { anything, byteList, listOf, or, orNull, parseJson, record, type Shape, text } from './shape.ts'
import { oneToken } from './subjects.ts'

/**
 * Subjects of a secrets backend, as wasmCloud 1.x has them (`v1alpha1`); then come those of its
 * NATS-KV one; `list` is Weft's own.
 */
export function secretsSubjects(topic: string, backend: string) {
  const root = `${topic}.v1alpha1.${oneToken('secrets backend', backend)}`
  return {
    serverXkey: `${root}.server_xkey`,
    get: `${root}.get`,
    put: `${root}.put_secret`,
    grant: (subject: string) => `${root}.add_mapping.${oneToken('public key', subject)}`,
    revoke: (subject: string) => `${root}.remove_mapping.${oneToken('public key', subject)}`,
    list: `${root}.list_secrets`,
    any: `${root}.>`,
    root,
  } as const
}

/** Headers with the public xkey of who asks, and of who answers. */
export const hostXkeyHeader = 'WasmCloud-Host-Xkey'
export const responseXkeyHeader = 'Server-Response-Xkey'

/** Which secret a reference means, and whom to ask for it. */
export interface SecretReference {
  /** What the guest or provider knows it by. */
  readonly name: string
  readonly backend: string
  readonly key: string
  readonly field?: string
  readonly version?: string
  /** JSON text with what the backend may want to know. */
  readonly policy?: string
}

export const secretReferenceShape: Shape<SecretReference> = record(
  { name: text, backend: text, key: text },
  { field: text, version: text, policy: text },
)

/** A secret as a list shows it: by name, with who may read it, never with its value. */
export interface ListedSecret {
  readonly key: string
  /** Public keys of components and providers (`M…`, `V…`). */
  readonly readers: readonly string[]
}

export const listedSecretShape: Shape<ListedSecret> = record({ key: text, readers: listOf(text) })

/** The body of a `get`, sealed on the way. */
export const secretRequestShape = record({
  key: text,
  field: orNull(text),
  version: orNull(text),
  context: record({
    entity_jwt: text,
    host_jwt: text,
    application: orNull(record({ name: orNull(text), policy: or(text, '') })),
  }),
})
export type SecretRequest = ReturnType<typeof secretRequestShape>

const secretShape = record({ version: or(text, '') }, { string_secret: text, binary_secret: byteList })
export const putSecretShape = record(
  { key: text, version: or(text, '') },
  { string_secret: text, binary_secret: byteList },
)
const answerShape = record({}, { secret: secretShape, error: anything })

/** Reads an answer to `get`; the backend's error is thrown as `denied`, `not_found` or `unavailable`. */
export function readSecretAnswer(bytes: Uint8Array, key: string): SecretValue {
  const { secret, error } = parseJson(bytes, answerShape)
  if (error !== undefined) throw refusalOf(error, key)
  if (secret?.string_secret !== undefined) return { tag: 'string', val: secret.string_secret }
  if (secret?.binary_secret !== undefined) return { tag: 'bytes', val: secret.binary_secret }
  throw new WeftError('unavailable', `secret ${key}: the backend answered with neither a value nor an error`)
}

/** The wire form of a value, as an answer and HostData have it. */
export function secretJson(value: SecretValue): {
  string_secret: string | null
  binary_secret: number[] | null
} {
  return value.tag === 'string'
    ? { string_secret: value.val, binary_secret: null }
    : { string_secret: null, binary_secret: [...value.val] }
}

/** Errors are names, or one name with a text: `"SecretNotFound"`, `{"UpstreamError":"…"}`. */
function refusalOf(error: unknown, key: string): WeftError {
  const [name = 'error', detail] =
    typeof error === 'object' && error !== null ? (Object.entries(error)[0] ?? []) : [String(error)]
  const why = typeof detail === 'string' ? `${name}: ${detail}` : name
  if (name === 'SecretNotFound')
    return new WeftError('not_found', `secret ${key}: the backend has no such secret`)
  if (name === 'Unauthorized') {
    const hint = 'grant it with `weft secrets grant`'
    return new WeftError(
      'denied',
      `secret ${key}: the backend does not give it to this component or provider; ${hint}`,
    )
  }
  const code = name === 'UpstreamError' ? 'unavailable' : 'denied'
  return new WeftError(code, `secret ${key}: the backend refused: ${why.slice(0, 300)}`)
}
