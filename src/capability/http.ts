/** A header or trailer list as wRPC carries it: each name with all its values, in order. */
export type HttpFields = readonly (readonly [string, readonly Uint8Array[]])[]

/** `{tag:'get'}` … or `{tag:'other', val:'PURGE'}`. */
export interface HttpMethod {
  readonly tag: string
  readonly val?: string
}

/** `{tag:'HTTP'}`, `{tag:'HTTPS'}` or `{tag:'other', val}`. */
export interface HttpScheme {
  readonly tag: string
  readonly val?: string
}

/** The record `request` of `wrpc:http/types@0.1.0`, in the shapes of `WitType`. */
export interface HttpRequest {
  /** Who hands a chunk on and keeps it, too, copies it: its last reader may free it (`src/given-bytes.ts`). */
  readonly body: AsyncIterable<Uint8Array>
  readonly trailers: Promise<HttpFields | undefined>
  readonly method: HttpMethod
  readonly pathWithQuery?: string | undefined
  readonly scheme?: HttpScheme | undefined
  readonly authority?: string | undefined
  readonly headers: HttpFields
  /** The header of that name, '' when there is none; left out where only `headers` can say. */
  readonly userAgent?: string
}

/** The body of a message that has none. */
export const noBody: AsyncIterable<Uint8Array> = {
  [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }),
}

/** The trailers of a message that has none. */
export const noTrailers: Promise<undefined> = Promise.resolve(undefined)

/** A body that may be there whole before anybody asks for it. */
export interface ReadyBody extends AsyncIterable<Uint8Array> {
  /** All of it, which counts as read then; undefined while more may come, and when it broke off. */
  takeWhole(): Uint8Array | undefined
}

/** What `takeWhole` of the body gives, if it can be asked. */
export function takeWhole(body: AsyncIterable<Uint8Array>): Uint8Array | undefined {
  return 'takeWhole' in body ? (body as ReadyBody).takeWhole() : undefined
}

/** The record `response` of `wrpc:http/types@0.1.0`. */
export interface HttpResponse {
  readonly body: AsyncIterable<Uint8Array>
  readonly trailers: Promise<HttpFields | undefined>
  readonly status: number
  readonly headers: HttpFields
}

/** The variant `error-code` of `wasi:http` (the same 39 cases in 0.2 and 0.3), e.g. `{tag:'internal-error', val:'…'}`. */
export interface HttpErrorCode {
  readonly tag: string
  readonly val?: unknown
}

/** What `handle` of `wrpc:http/incoming-handler` and `outgoing-handler` gives back. */
export type HttpResult =
  | { readonly tag: 'ok'; readonly val: HttpResponse }
  | { readonly tag: 'err'; readonly val: HttpErrorCode }

/**
 * Headers or trailers from Node's flat list (name, value, name, value), with names in lower case. Node gives each byte of
 * a value as one character.
 */
export function fieldsFromRaw(raw: readonly string[]): HttpFields {
  const grouped = new Map<string, [string, Uint8Array[]]>()
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase()
    const value = new Uint8Array(Buffer.from(raw[at + 1] ?? '', 'latin1'))
    const group = grouped.get(name)
    if (group) group[1].push(value)
    else grouped.set(name, [name, [value]])
  }
  return [...grouped.values()]
}

const decoder = new TextDecoder()

/** The first value of a header as text; `name` in lower case. */
export function headerValue(fields: HttpFields, name: string): string | undefined {
  const entry = fields.find(([key]) => key.toLowerCase() === name)
  const value = entry?.[1][0]
  return value === undefined ? undefined : decoder.decode(value)
}

/** `GET`, `POST` … from the variant. */
export function methodName(method: HttpMethod): string {
  return method.tag === 'other' ? (method.val ?? '') : method.tag.toUpperCase()
}
