import { WeftError } from '../errors.ts'

/**
 * Checks a value that came over the wire and gives it back typed. Throws `invalid` with the path of what is wrong.
 * Members that a record does not know are dropped: peers may be newer than we are.
 */
export type Shape<T> = (value: unknown, path: string) => T

type Members = Readonly<Record<string, Shape<unknown>>>
type RecordOf<M extends Members, O extends Members> = {
  readonly [K in keyof M]: M[K] extends Shape<infer T> ? T : never
} & { readonly [K in keyof O]?: O[K] extends Shape<infer T> ? T : never }

export const text: Shape<string> = (value, path) =>
  typeof value === 'string' ? value : refuse(path, 'a string', value)

export const flag: Shape<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : refuse(path, 'true or false', value)

/** A whole number from 0 on (Rust's u32 and u64). */
export const count: Shape<number> = (value, path) =>
  Number.isInteger(value) && Number(value) >= 0 ? Number(value) : refuse(path, 'a whole number from 0', value)

/** A whole number from 1 on. */
export const positive: Shape<number> = (value, path) => {
  if (value === 0) throw new WeftError('invalid', `${path}: expected a whole number from 1, got 0`)
  return count(value, path)
}

/** A number from 0 to 1. */
export const fraction: Shape<number> = (value, path) =>
  typeof value === 'number' && value >= 0 && value <= 1 ? value : refuse(path, 'a number from 0 to 1', value)

/** Bytes as a JSON list of numbers, as Rust writes them. */
export const byteList: Shape<Uint8Array> = (value, path) => {
  const isByte = (one: unknown) => Number.isInteger(one) && Number(one) >= 0 && Number(one) <= 255
  return Array.isArray(value) && value.every(isByte)
    ? Uint8Array.from(value)
    : refuse(path, 'a list of bytes', value)
}

export const anything: Shape<unknown> = (value) => value

/** One of these texts. */
export function oneOf<const T extends string>(texts: readonly T[]): Shape<T> {
  return (value, path) =>
    texts.find((candidate) => candidate === value) ?? refuse(path, `one of ${texts.join(', ')}`, value)
}

export function listOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value, path) =>
    Array.isArray(value)
      ? value.map((item, index) => shape(item, `${path}[${index}]`))
      : refuse(path, 'a list', value)
}

export function mapOf<T>(shape: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value, path) =>
    // fromEntries defines members, so a key named __proto__ is only a key.
    Object.fromEntries(
      Object.entries(object(value, path)).map(([key, item]) => [key, shape(item, at(path, key))]),
    )
}

/** An object with these members; `optional` ones may be absent or null. */
export function record<M extends Members, O extends Members = Record<never, never>>(
  members: M,
  optional?: O,
): Shape<RecordOf<M, O>> {
  return (value, path) => {
    const given = object(value, path)
    const required = Object.entries(members).map(([key, shape]) => [
      key,
      shape(own(given, key), at(path, key)),
    ])
    const present = Object.entries(optional ?? {})
      .filter(([key]) => own(given, key) !== undefined && own(given, key) !== null)
      .map(([key, shape]) => [key, shape(own(given, key), at(path, key))])
    return Object.fromEntries([...required, ...present]) as RecordOf<M, O>
  }
}

/** What is absent or null is `fallback` (Go writes null for an empty list or map). */
export function or<T>(shape: Shape<T>, fallback: T): Shape<T> {
  return (value, path) => (value === undefined || value === null ? fallback : shape(value, path))
}

/** Null stays null, and so does what is absent. */
export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return or<T | null>(shape, null)
}

/** Reads bytes as UTF-8 JSON of this shape. */
export function parseJson<T>(bytes: Uint8Array, shape: Shape<T>): T {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new WeftError('invalid', 'not JSON', { cause })
  }
  return shape(value, '')
}

function object(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse(path, 'an object', value)
  return value as Readonly<Record<string, unknown>>
}

function own(given: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(given, key) ? given[key] : undefined
}

function at(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function refuse(path: string, expected: string, value: unknown): never {
  const got = value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value
  throw new WeftError('invalid', `${path === '' ? 'the value' : path}: expected ${expected}, got ${got}`)
}
