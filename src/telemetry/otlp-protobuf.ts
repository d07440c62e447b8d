import type { OtlpEntry, OtlpField, OtlpMessage, OtlpWriter } from './otlp-writer.ts'

/** One message in protobuf, in bytes of its own; `size` is about how many they will be. */
export function encodeProtobuf<T>(value: T, write: OtlpMessage<T>, size = firstSize): Uint8Array {
  const writer = new ProtobufWriter(size)
  write(writer, value)
  return writer.view()
}

const varintType = 0
const fixed64Type = 1
const lengthType = 2
const fixed32Type = 5
/** A span takes about 300 bytes. */
const firstSize = 4096
/** Below this many characters a loop beats the call into Node. */
const shortText = 48

/** By character code: what a lower-case hex digit is worth. */
const digits = Uint8Array.from({ length: 128 }, (_, code) =>
  Math.max(0, '0123456789abcdef'.indexOf(String.fromCharCode(code))),
)

/** Writes protobuf into a buffer that grows; `take` gives what was written and begins anew. */
export class ProtobufWriter implements OtlpWriter {
  #buffer: Buffer
  #view: DataView
  #at = 0
  #second = 0
  #secondHigh = 0
  #secondLow = 0

  constructor(size = firstSize) {
    this.#buffer = Buffer.allocUnsafeSlow(size)
    this.#view = new DataView(this.#buffer.buffer)
  }

  /** Takes back what was written after the first `length` bytes. */
  cut(length: number): void {
    this.#at = Math.min(length, this.#at)
  }

  get length(): number {
    return this.#at
  }

  /** What was written, not copied: good until the next write. */
  view(): Uint8Array {
    return this.#buffer.subarray(0, this.#at)
  }

  /** What was written, in memory of its own that may be given away. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = Buffer.allocUnsafeSlow(this.#at)
    this.#buffer.copy(bytes, 0, 0, this.#at)
    this.#at = 0
    return bytes
  }

  /** Bytes that are protobuf already: whole fields, as another writer wrote them. */
  append(bytes: Uint8Array): void {
    const { length } = bytes
    this.#reserve(length)
    this.#buffer.set(bytes, this.#at)
    this.#at += length
  }

  text(field: OtlpField, value: string): void {
    const { length } = value
    if (length === 0) return
    // Three bytes for each UTF-16 unit at most, and six for the tag and the length.
    this.#reserve(length * 3 + 16)
    this.#tag(field, lengthType)
    if (length < shortText) {
      const start = this.#at
      const buffer = this.#buffer
      let at = start + 1
      for (let index = 0; index < length; index += 1) {
        const code = value.charCodeAt(index)
        if (code > 127) break
        buffer[at] = code
        at += 1
      }
      if (at === start + 1 + length) {
        buffer[start] = length
        this.#at = at
        return
      }
    }
    this.#varint(Buffer.byteLength(value))
    this.#at += this.#buffer.write(value, this.#at)
  }

  hex(field: OtlpField, value: string): void {
    const length = value.length >> 1
    if (length === 0) return
    this.#reserve(length + 16)
    this.#tag(field, lengthType)
    this.#varint(length)
    const buffer = this.#buffer
    for (let index = 0; index < length; index += 1) {
      const high = digits[value.charCodeAt(index * 2)] ?? 0
      buffer[this.#at + index] = (high << 4) | (digits[value.charCodeAt(index * 2 + 1)] ?? 0)
    }
    this.#at += length
  }

  /** Writes over what stands at `at`, the big end first. */
  setWord(at: number, word: number): void {
    this.#view.setInt32(at, word)
  }

  setByte(at: number, byte: number): void {
    this.#buffer[at] = byte
  }

  bytes(field: OtlpField, value: Uint8Array): void {
    this.#reserve(value.length + 16)
    this.#tag(field, lengthType)
    this.#varint(value.length)
    this.append(value)
  }

  integer(field: OtlpField, value: number): void {
    if (value === 0) return
    this.#reserve(16)
    this.#tag(field, varintType)
    this.#varint(value)
  }

  fixed32(field: OtlpField, value: number): void {
    if (value === 0) return
    this.#reserve(16)
    this.#tag(field, fixed32Type)
    this.#view.setUint32(this.#at, value, true)
    this.#at += 4
  }

  bool(field: OtlpField, value: boolean): void {
    this.#reserve(16)
    this.#tag(field, varintType)
    this.#varint(value ? 1 : 0)
  }

  double(field: OtlpField, value: number): void {
    this.#reserve(16)
    this.#tag(field, fixed64Type)
    this.#view.setFloat64(this.#at, value, true)
    this.#at += 8
  }

  int64(field: OtlpField, value: number | bigint): void {
    this.#reserve(24)
    this.#tag(field, varintType)
    this.#varint64(value)
  }

  sfixed64(field: OtlpField, value: number | bigint): void {
    this.fixed64(field, value)
  }

  sint32(field: OtlpField, value: number): void {
    this.#reserve(16)
    this.#tag(field, varintType)
    this.#varint(((value << 1) ^ (value >> 31)) >>> 0)
  }

  fixed64(field: OtlpField, value: number | bigint): void {
    this.#reserve(16)
    this.#tag(field, fixed64Type)
    this.#view.setBigUint64(this.#at, BigInt.asUintN(64, BigInt(value)), true)
    this.#at += 8
  }

  time(field: OtlpField, value: number | bigint): void {
    if (typeof value === 'bigint') {
      this.fixed64(field, value)
      return
    }
    this.#reserve(16)
    this.#tag(field, fixed64Type)
    this.setTime(this.#at, value)
    this.#at += 8
  }

  /** Writes the eight bytes of a moment, in milliseconds since the epoch, over what stands at `at`. */
  setTime(at: number, value: number): void {
    const second = Math.floor(value / 1000)
    if (second !== this.#second) this.#toSecond(second)
    const low = this.#secondLow + Math.round((value - second * 1000) * 1e6)
    const carried = low >= 2 ** 32 ? 1 : 0
    this.#view.setUint32(at, low - carried * 2 ** 32, true)
    this.#view.setUint32(at + 4, this.#secondHigh + carried, true)
  }

  /** The nanoseconds of a whole second, in two words: moments come many to a second. */
  #toSecond(second: number): void {
    // seconds · 10⁹ does not fit a double; seconds · 5⁹ does, and 10⁹ is 5⁹ · 2⁹. `%` of doubles would take longer.
    const scaled = second * 1_953_125
    this.#second = second
    this.#secondHigh = Math.floor(scaled / 2 ** 23)
    this.#secondLow = (scaled - this.#secondHigh * 2 ** 23) * 512
  }

  doubles(field: OtlpField, values: readonly number[]): void {
    if (values.length === 0) return
    this.#packed(field, values.length * 8)
    for (const value of values) {
      this.#view.setFloat64(this.#at, value, true)
      this.#at += 8
    }
  }

  fixed64s(field: OtlpField, values: readonly (number | bigint)[]): void {
    if (values.length === 0) return
    this.#packed(field, values.length * 8)
    for (const value of values) {
      this.#view.setBigUint64(this.#at, BigInt(value), true)
      this.#at += 8
    }
  }

  uint64s(field: OtlpField, values: readonly (number | bigint)[]): void {
    if (values.length === 0) return
    const start = this.begin(field)
    this.#reserve(values.length * 10)
    for (const value of values) this.#varint64(value)
    this.end(start)
  }

  message<T>(field: OtlpField, value: T, write: OtlpMessage<T>): void {
    const start = this.begin(field)
    write(this, value)
    this.end(start)
  }

  messages<T>(field: OtlpField, values: Iterable<T>, write: OtlpMessage<T>): void {
    for (const value of values) this.message(field, value, write)
  }

  entries<T>(field: OtlpField, values: Readonly<Record<string, T | undefined>>, write: OtlpEntry<T>): void {
    for (const key in values) {
      const value = values[key]
      if (value === undefined) continue
      const start = this.begin(field)
      write(this, key, value)
      this.end(start)
    }
  }

  encoded(_field: OtlpField, protobuf: Uint8Array): void {
    this.append(protobuf)
  }

  /** Begins a message; its length stands before it and is known after it: a byte is left for it. */
  begin(field: OtlpField): number {
    this.#reserve(16)
    this.#tag(field, lengthType)
    this.#at += 1
    return this.#at
  }

  /** Ends the message that begins at `start`, behind `lengthSize` bytes for its length; it is moved when that takes more. */
  end(start: number, lengthSize = 1): void {
    const length = this.#at - start
    const more = varintSize(length) - lengthSize
    if (more !== 0) {
      this.#reserve(more)
      this.#buffer.copyWithin(start + more, start, this.#at)
    }
    this.#at = start - lengthSize
    this.#varint(length)
    this.#at += length
  }

  #packed(field: OtlpField, size: number): void {
    this.#reserve(size + 16)
    this.#tag(field, lengthType)
    this.#varint(size)
  }

  #tag({ number }: OtlpField, type: number): void {
    this.#varint(number * 8 + type)
  }

  #varint(value: number): void {
    let rest = value
    while (rest > 127) {
      this.#buffer[this.#at] = (rest & 127) | 128
      this.#at += 1
      rest = Math.floor(rest / 128)
    }
    this.#buffer[this.#at] = rest
    this.#at += 1
  }

  #varint64(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0) {
      this.#varint(value)
      return
    }
    let rest = BigInt.asUintN(64, BigInt(value))
    for (; rest > 127n; rest >>= 7n) {
      this.#buffer[this.#at] = Number(rest & 127n) | 128
      this.#at += 1
    }
    this.#buffer[this.#at] = Number(rest)
    this.#at += 1
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#at + size))
    this.#buffer.copy(grown, 0, 0, this.#at)
    this.#buffer = grown
    this.#view = new DataView(grown.buffer)
  }
}

function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) size += 1
  return size
}
