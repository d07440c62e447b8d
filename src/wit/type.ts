/**
 * A WIT type with every name resolved. Values of these types inside the host have these shapes (which jco, too, gives them):
 * records are objects with camelCase keys, `u64`/`s64` are bigints, `list<u8>` is a `Uint8Array`, `option<T>` is
 * `T | undefined` (an option directly inside an option is `{tag:'some', val} | {tag:'none'}`), `result` is
 * `{tag:'ok'|'err', val}`, a variant is `{tag, val?}` with the kebab-case case name, an enum its kebab-case name,
 * flags an object of camelCase booleans, `list<T, n>` a tuple of n, `map<K, V>` a list of pairs, `stream<u8>` an
 * `AsyncIterable<Uint8Array>`, another `stream<T>` an `AsyncIterable<T[]>` of chunks, `future<T>` a `Promise<T>`, a
 * resource handle an opaque `Uint8Array`.
 */
export type WitType =
  | { readonly kind: WitPrimitive }
  | { readonly kind: 'list'; readonly element: WitType }
  | { readonly kind: 'option'; readonly element: WitType }
  | { readonly kind: 'result'; readonly ok?: WitType; readonly err?: WitType }
  | { readonly kind: 'tuple'; readonly elements: readonly WitType[] }
  | { readonly kind: 'record'; readonly fields: readonly WitField[] }
  | { readonly kind: 'variant'; readonly cases: readonly WitCase[] }
  | { readonly kind: 'enum'; readonly names: readonly string[] }
  | { readonly kind: 'flags'; readonly names: readonly string[] }
  | { readonly kind: 'own' | 'borrow'; readonly resource: string }
  | { readonly kind: 'future' | 'stream'; readonly element?: WitType }

export type WitPrimitive =
  | 'bool'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'u64'
  | 's8'
  | 's16'
  | 's32'
  | 's64'
  | 'f32'
  | 'f64'
  | 'char'
  | 'string'
  | 'error-context'

/** A record field or a function parameter; `name` is kebab-case as in the WIT text. */
export interface WitField {
  readonly name: string
  readonly type: WitType
}

export interface WitCase {
  readonly name: string
  readonly type?: WitType
}

/** A function; `name` as in the component model: `get`, `[method]bucket.get`, `[constructor]fields`, `[static]x.y`. */
export interface WitFunction {
  readonly name: string
  readonly async: boolean
  readonly params: readonly WitField[]
  readonly result?: WitType
}

/** One interface of a world; `id` is `ns:pkg/name@version`, or the plain name of an inline interface. */
export interface WitInterface {
  readonly id: string
  readonly functions: readonly WitFunction[]
}

/** What a component needs and offers. Functions of the world itself stand in an interface whose `id` is ''. */
export interface WitWorld {
  readonly imports: readonly WitInterface[]
  readonly exports: readonly WitInterface[]
}
