import { WeftError } from '../errors.ts'

/** The error for a value that is not of the type it should be. */
export function mismatch(expected: string, found: unknown): WeftError {
  return new WeftError('invalid', `expected ${expected}, found ${describe(found)}`)
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'object' && value !== null) {
    const tag = 'tag' in value && typeof value.tag === 'string' ? ` tagged ${JSON.stringify(value.tag)}` : ''
    return `${Array.isArray(value) ? 'an array' : 'an object'}${tag}`
  }
  return typeof value === 'function' ? 'a function' : String(value)
}

/** Anything with keys. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

/** A variant, a result, or an option in an option. */
export function isTagged(value: unknown): value is { readonly tag: string; readonly val?: unknown } {
  return isObject(value) && typeof value['tag'] === 'string'
}

/** Guests hand over `list<u32>` and its like as typed arrays. */
export function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value)
}
