import { WeftError } from '../errors.ts'

/** How much of a message is taken; what is beyond is left out. */
export interface ReadLimits {
  /** Characters of a text. */
  readonly text: number
  /** Of each list. */
  readonly entries: number
}

const strangers: ReadLimits = { text: 4096, entries: 256 }

/** Reads protobuf that may come from anywhere: what is not whole throws `invalid`. */
export class ProtobufReader {
  readonly limits: ReadLimits
  readonly #buffer: Buffer
  #at = 0

  constructor(bytes: Uint8Array, limits = strangers) {
    this.limits = limits
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Gives every field of the message to `take`, which reads its value; what it does not read is passed over. */
  fields(take: (number: number) => void): void {
    while (this.#at < this.#buffer.length) {
      const tag = this.varint()
      this.#type = tag % 8
      this.#read = false
      take(Math.floor(tag / 8))
      if (!this.#read) this.#skip()
    }
  }

  #type = 0
  #read = false

  varint(): number {
    this.#read = true
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#buffer[this.#at]
      if (byte === undefined || scale > 2 ** 63) throw cutOff()
      this.#at += 1
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }

  /** A signed 64-bit number; beyond 2⁵³ it is only near. */
  int64(): number {
    const at = this.#at
    const value = this.varint()
    if (value <= Number.MAX_SAFE_INTEGER) return value
    let exact = 0n
    for (let index = at; index < this.#at; index += 1)
      exact |= BigInt((this.#buffer[index] ?? 0) & 127) << BigInt(7 * (index - at))
    return Number(BigInt.asIntN(64, exact))
  }

  double(): number {
    return this.#buffer.readDoubleLE(this.#advance(8))
  }

  fixed32(): number {
    return this.#buffer.readUInt32LE(this.#advance(4))
  }

  /** A moment in nanoseconds as milliseconds with fractions. */
  time(): number {
    const at = this.#advance(8)
    const nanos = this.#buffer.readBigUInt64LE(at)
    return Number(nanos / 1_000_000n) + Number(nanos % 1_000_000n) / 1e6
  }

  bytes(): Uint8Array {
    const length = this.varint()
    const at = this.#advance(length)
    return this.#buffer.subarray(at, at + length)
  }

  text(): string {
    const length = this.varint()
    const at = this.#advance(length)
    const text = this.#buffer.toString('utf8', at, at + length)
    return text.length > this.limits.text ? text.slice(0, this.limits.text) : text
  }

  hex(): string {
    const length = this.varint()
    const at = this.#advance(length)
    return this.#buffer.toString('hex', at, at + length)
  }

  message(): ProtobufReader {
    return new ProtobufReader(this.bytes(), this.limits)
  }

  #advance(length: number): number {
    this.#read = true
    const at = this.#at
    if (at + length > this.#buffer.length) throw cutOff()
    this.#at += length
    return at
  }

  #skip(): void {
    if (this.#type === 0) this.varint()
    else if (this.#type === 1) this.#advance(8)
    else if (this.#type === 2) this.bytes()
    else if (this.#type === 5) this.#advance(4)
    else throw new WeftError('invalid', `protobuf: there is no wire type ${this.#type}`)
  }
}

function cutOff(): WeftError {
  return new WeftError('invalid', 'protobuf: the message is shorter than it says')
}
