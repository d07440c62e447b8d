import { WeftError } from '../errors.ts'
import type { Channels } from './channels.ts'
import { maxValueBytes, maxValueWeight } from './limits.ts'

/** Thrown when the bytes end within a value: more of them may still come. Has no stack, as it is no fault. */
export const needMore: { readonly reason: 'the bytes end within a value' } = Object.freeze({
  reason: 'the bytes end within a value',
})

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const shortText = 24

/** Reads values out of bytes that a peer sent; trusts nothing in them. */
export class ByteReader {
  /** Where in the value we are; kept only by codecs that hold streams or futures. */
  readonly path: number[]
  /** Where the streams and futures of this value arrive. */
  readonly channels: Channels
  /** What to do once the value is complete: an attempt that lacks bytes must leave no trace. */
  readonly whenRead: (() => void)[] = []
  position = 0
  /** How many bytes are needed at least, once `needMore` was thrown. */
  wanted = 0
  readonly #bytes: Buffer
  #weight = 0

  constructor(bytes: Uint8Array, channels: Channels, path: readonly number[] = []) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.channels = channels
    this.path = [...path]
  }

  byte(): number {
    const value = this.#bytes[this.position]
    if (value === undefined) throw this.#short(1)
    this.position++
    return value
  }

  /** A byte that must be 0 or 1. */
  bit(what: string): number {
    const value = this.byte()
    if (value > 1) throw new WeftError('invalid', `expected 0 or 1 for ${what}, found ${value}`)
    return value
  }

  /** A copy: a small value must not keep a whole message in memory. */
  raw(length: number): Uint8Array {
    return new Uint8Array(this.#take(length))
  }

  float(): number {
    this.need(4)
    const value = this.#bytes.readFloatLE(this.position)
    this.position += 4
    return value
  }

  double(): number {
    this.need(8)
    const value = this.#bytes.readDoubleLE(this.position)
    this.position += 8
    return value
  }

  /** Unsigned LEB128 of at most `bits` (≤ 32) bits. */
  unsigned(bits: number): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      const room = bits - shift
      if (room < 7 && (byte & 0x7f) >> room !== 0) throw tooWide('unsigned', bits)
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
      if (room <= 7) throw tooWide('unsigned', bits)
    }
  }

  /** Signed LEB128 of at most `bits` (≤ 32) bits. */
  signed(bits: number): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      const room = bits - shift
      if (room < 7) checkSign(byte, room, bits)
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        const unused = 32 - shift - 7
        return unused > 0 ? (value << unused) >> unused : value
      }
      if (room <= 7) throw tooWide('signed', bits)
    }
  }

  unsignedBig(): bigint {
    let low = 0
    for (let shift = 0; shift < 49; shift += 7) {
      const byte = this.byte()
      low += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return BigInt(low)
    }
    const high = this.unsigned(15)
    return BigInt(low) | (BigInt(high) << 49n)
  }

  signedBig(): bigint {
    let value = 0n
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      if (shift === 63) checkSign(byte, 1, 64)
      value |= BigInt(byte & 0x7f) << BigInt(shift)
      if (byte < 0x80) return BigInt.asIntN(Math.min(shift + 7, 64), value)
      if (shift === 63) throw tooWide('signed', 64)
    }
  }

  string(): string {
    return this.#text(this.length('a string'))
  }

  char(): string {
    const lead = this.#bytes[this.position]
    if (lead === undefined) throw this.#short(1)
    return this.#text(lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4)
  }

  /** The length prefix of a string or list, checked before anything is allocated for it. */
  length(what: string): number {
    const length = this.unsigned(32)
    if (length <= maxValueBytes) return length
    throw new WeftError('exhausted', `${what} of ${length} is longer than the ${maxValueBytes} that are read`)
  }

  /** Counts `elements` of the given weight against what one value may cost. */
  charge(elements: number, weight: number): void {
    this.#weight += elements * weight
    if (this.#weight > maxValueWeight) {
      throw new WeftError('exhausted', `a value holds more than ${maxValueWeight} list elements (weighted)`)
    }
  }

  #text(length: number): string {
    const start = this.position
    const bytes = this.#take(length)
    if (length <= shortText) {
      const ascii = this.#ascii(start, length)
      if (ascii !== undefined) return ascii
    }
    try {
      return strictUtf8.decode(bytes)
    } catch (cause) {
      throw new WeftError('invalid', 'expected UTF-8 in a string, found other bytes', { cause })
    }
  }

  /** The call into the text decoder costs more than a short name is long. */
  #ascii(start: number, length: number): string | undefined {
    for (let at = start; at < start + length; at++) {
      if ((this.#bytes[at] ?? 0x80) >= 0x80) return undefined
    }
    return this.#bytes.toString('latin1', start, start + length)
  }

  #take(length: number): Buffer {
    this.need(length)
    this.position += length
    return this.#bytes.subarray(this.position - length, this.position)
  }

  /** Ends the attempt unless so many bytes are there. */
  need(length: number): void {
    if (this.#bytes.length - this.position < length) throw this.#short(length)
  }

  #short(length: number): typeof needMore {
    this.wanted = this.position + length
    return needMore
  }
}

/** The unused bits of the last byte must repeat the sign. */
function checkSign(byte: number, room: number, bits: number): void {
  const top = (byte & 0x7f) >> (room - 1)
  if (top !== 0 && top !== 0x7f >> (room - 1)) throw tooWide('signed', bits)
}

function tooWide(sign: string, bits: number): WeftError {
  return new WeftError('invalid', `expected a ${sign} integer of at most ${bits} bits, found more`)
}
