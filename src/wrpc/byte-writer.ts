import type { AsyncCodec } from './codec.ts'

const firstCapacity = 256

/** A stream or future that is announced in a value and sent afterwards, on the path where it stands. */
export interface Deferred {
  readonly path: readonly number[]
  readonly codec: AsyncCodec
  readonly value: unknown
}

/** One growing buffer that values are written into. */
export class ByteWriter {
  /** Where in the value we are; kept only by codecs that hold streams or futures. */
  readonly path: number[]
  readonly deferred: Deferred[] = []
  #bytes = Buffer.allocUnsafe(firstCapacity)
  #length = 0

  constructor(path: readonly number[] = []) {
    this.path = [...path]
  }

  get length(): number {
    return this.#length
  }

  /** What was written. The writer must not be used afterwards. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** Unsigned LEB128 of an integer up to 2^32 - 1. */
  unsigned(value: number): void {
    this.#reserve(5)
    let rest = value
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#bytes[this.#length++] = rest
  }

  /** Signed LEB128 of a 32-bit integer. */
  signed(value: number): void {
    this.#reserve(5)
    let rest = value
    while (rest < -64 || rest > 63) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80
      rest >>= 7
    }
    this.#bytes[this.#length++] = rest & 0x7f
  }

  /** Unsigned LEB128 of a 64-bit integer. */
  unsignedBig(value: bigint): void {
    if (value <= 0xffffffffn) {
      this.unsigned(Number(value))
      return
    }
    this.#reserve(10)
    let rest = value
    while (rest > 0x7fn) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#bytes[this.#length++] = Number(rest)
  }

  /** Signed LEB128 of a 64-bit integer. */
  signedBig(value: bigint): void {
    this.#reserve(10)
    let rest = value
    while (rest < -64n || rest > 63n) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#bytes[this.#length++] = Number(rest & 0x7fn)
  }

  float(value: number): void {
    this.#reserve(4)
    this.#length = this.#bytes.writeFloatLE(Number.isNaN(value) ? Number.NaN : value, this.#length)
  }

  double(value: number): void {
    this.#reserve(8)
    this.#length = this.#bytes.writeDoubleLE(Number.isNaN(value) ? Number.NaN : value, this.#length)
  }

  /** The UTF-8 bytes alone. */
  text(value: string): void {
    this.#reserve(value.length * 3)
    this.#length += this.#bytes.write(value, this.#length, 'utf8')
  }

  /** The UTF-8 bytes after their number. */
  string(value: string): void {
    this.unsigned(Buffer.byteLength(value))
    this.text(value)
  }

  /** Notes a stream or future to send later, at the path where the writer is. */
  defer(codec: AsyncCodec, value: unknown): void {
    this.deferred.push({ path: [...this.path], codec, value })
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
