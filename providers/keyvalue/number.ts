import { WeftError } from '../../src/errors.ts'

/** The number that a value holds as decimal text, so that it can be incremented. */
export function numberFrom(value: Uint8Array, key: string): bigint {
  const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')
  if (/^-?\d{1,20}$/.test(text)) return BigInt(text)
  throw new WeftError('invalid', `the value of ${key} is not a whole number: cannot increment it`)
}
