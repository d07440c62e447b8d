import type { AbiCodec } from './abi.ts'
import { rangeCodec } from './abi-range.ts'
import type { MemoryContext } from './memory-context.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf8Encoder = new TextEncoder()
const utf16 = new TextDecoder('utf-16le', { fatal: true, ignoreBOM: true })
/** Strings up to this length are read and written letter by letter, which is quicker than asking a decoder. */
const short = 24
/** The bit of a length that says that a `latin1+utf16` string is UTF-16. */
const utf16Tag = 0x8000_0000

/** The codec of `string`, in the encoding that the function's options name. */
export const stringCodec: AbiCodec = rangeCodec(readString, writeString)

function readString(cx: MemoryContext, pointer: number, length: number): string {
  if (cx.encoding === 'utf8') {
    cx.range(pointer, length, 1)
    return length <= short ? readShort(cx.bytes, pointer, length) : readUtf8(cx.bytes, pointer, length)
  }
  const isWide = cx.encoding === 'utf16' || length >= utf16Tag
  const units = isWide && cx.encoding === 'latin1+utf16' ? length - utf16Tag : length
  const size = isWide ? units * 2 : units
  cx.range(pointer, size, 2)
  const bytes = cx.bytes.subarray(pointer, pointer + size)
  if (!isWide) return Buffer.from(bytes.buffer, bytes.byteOffset, size).toString('latin1')
  return decoded(() => utf16.decode(bytes), 'UTF-16')
}

function readShort(bytes: Uint8Array, pointer: number, length: number): string {
  let text = ''
  for (let at = pointer; at < pointer + length; at++) {
    const byte = bytes[at] ?? 0
    if (byte >= 0x80) return readUtf8(bytes, pointer, length)
    text += String.fromCharCode(byte)
  }
  return text
}

function readUtf8(bytes: Uint8Array, pointer: number, length: number): string {
  return decoded(() => utf8.decode(bytes.subarray(pointer, pointer + length)), 'UTF-8')
}

function decoded(decode: () => string, encoding: string): string {
  try {
    return decode()
  } catch {
    throw new WebAssembly.RuntimeError(`the guest gave a string that is not ${encoding}`)
  }
}

function writeString(cx: MemoryContext, value: unknown): readonly [pointer: number, length: number] {
  if (typeof value !== 'string') throw new TypeError(`expected a string, got ${typeof value}`)
  if (cx.encoding !== 'utf8') return writeUtf16(cx, value)
  const size = Buffer.byteLength(value)
  const pointer = cx.allocate(size, 1)
  const { bytes } = cx
  if (size === value.length && size <= short) {
    for (let at = 0; at < size; at++) bytes[pointer + at] = value.charCodeAt(at)
  } else utf8Encoder.encodeInto(value, bytes.subarray(pointer, pointer + size))
  return [pointer, size]
}

/** `latin1+utf16` may always be UTF-16, by its tag. */
function writeUtf16(cx: MemoryContext, value: string): readonly [pointer: number, length: number] {
  const text = value.toWellFormed()
  const size = text.length * 2
  const pointer = cx.allocate(size, 2)
  Buffer.from(cx.bytes.buffer, pointer, size).write(text, 'utf16le')
  return [pointer, cx.encoding === 'utf16' ? text.length : text.length + utf16Tag]
}
