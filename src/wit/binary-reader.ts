import { WeftError } from '../errors.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Reads a component's binary from front to back. Running past the end or an overlong number is `invalid`. */
export class BinaryReader {
  readonly #bytes: Uint8Array
  #at: number
  readonly #end: number

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  get done(): boolean {
    return this.#at >= this.#end
  }

  get end(): number {
    return this.#end
  }

  get offset(): number {
    return this.#at
  }

  byte(): number {
    const value = this.#bytes[this.#at]
    if (value === undefined || this.#at >= this.#end) throw this.unexpected('more bytes', 'the end')
    this.#at++
    return value
  }

  peek(): number | undefined {
    return this.#at < this.#end ? this.#bytes[this.#at] : undefined
  }

  u32(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw this.unexpected('a 32-bit number', 'more than 5 bytes')
  }

  /** A type index (≥ 0) or a primitive's code (negative): the format's s33. */
  s33(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return (byte & 0x40) !== 0 ? value - 2 ** (shift + 7) : value
    }
    throw this.unexpected('a 33-bit number', 'more than 5 bytes')
  }

  name(): string {
    const length = this.u32()
    const end = this.#at + length
    if (end > this.#end) throw this.unexpected(`a name of ${length} bytes`, 'the end')
    const text = utf8.decode(this.#bytes.subarray(this.#at, end))
    this.#at = end
    return text
  }

  list<T>(item: () => T): T[] {
    const count = this.u32()
    // Each item takes a byte at least: a larger count is a lie.
    if (count > this.#end - this.#at) throw this.unexpected(`${count} items`, `${this.#end - this.#at} bytes`)
    return Array.from({ length: count }, item)
  }

  option<T>(item: () => T): T | undefined {
    return this.byte() === 0 ? undefined : item()
  }

  /** A reader of the next `length` bytes, which this one steps over. */
  section(length: number): BinaryReader {
    const end = this.#at + length
    if (end > this.#end) throw this.unexpected(`${length} bytes`, `${this.#end - this.#at}`)
    const part = new BinaryReader(this.#bytes, this.#at, end)
    this.#at = end
    return part
  }

  unexpected(expected: string, got: string): WeftError {
    return new WeftError('invalid', `at byte ${this.#at}: expected ${expected}, got ${got}`)
  }
}
