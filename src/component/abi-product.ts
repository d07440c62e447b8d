import { camelCase } from '../wit/names.ts'
import type { WitField } from '../wit/type.ts'
import { type AbiCodec, alignTo, nextU32 } from './abi.ts'

interface Layout {
  readonly size: number
  readonly align: number
  readonly offsets: readonly number[]
}

/** The codec of a record: an object with camelCase keys. */
export function recordCodec(fields: readonly WitField[], codecs: readonly AbiCodec[]): AbiCodec {
  const { size, align, offsets } = layoutOf(codecs)
  const parts = codecs.map((codec, index) => ({
    key: camelCase(fields[index]?.name ?? ''),
    codec,
    offset: offsets[index] ?? 0,
  }))
  return {
    size,
    align,
    flat: codecs.flatMap((codec) => codec.flat),
    load: (cx, at) => {
      const value: Record<string, unknown> = {}
      for (const { key, codec, offset } of parts) value[key] = codec.load(cx, at + offset)
      return value
    },
    store: (cx, at, value) => {
      for (const { key, codec, offset } of parts)
        codec.store(cx, at + offset, (value as Readonly<Record<string, unknown>>)[key])
    },
    lift: (cx, from) => {
      const value: Record<string, unknown> = {}
      for (const { key, codec } of parts) value[key] = codec.lift(cx, from)
      return value
    },
    lower: (cx, value, to) => {
      for (const { key, codec } of parts)
        codec.lower(cx, (value as Readonly<Record<string, unknown>>)[key], to)
    },
  }
}

/** The codec of a tuple, and of the parameters of a function: an array. */
export function tupleCodec(codecs: readonly AbiCodec[]): AbiCodec {
  const { size, align, offsets } = layoutOf(codecs)
  const parts = codecs.map((codec, index) => ({ codec, offset: offsets[index] ?? 0 }))
  return {
    size,
    align,
    flat: codecs.flatMap((codec) => codec.flat),
    load: (cx, at) => {
      const values = new Array<unknown>(parts.length)
      let index = 0
      for (const { codec, offset } of parts) values[index++] = codec.load(cx, at + offset)
      return values
    },
    store: (cx, at, value) => {
      let index = 0
      for (const { codec, offset } of parts)
        codec.store(cx, at + offset, (value as readonly unknown[])[index++])
    },
    lift: (cx, from) => {
      const values = new Array<unknown>(codecs.length)
      let index = 0
      for (const codec of codecs) values[index++] = codec.lift(cx, from)
      return values
    },
    lower: (cx, value, to) => {
      let index = 0
      for (const codec of codecs) codec.lower(cx, (value as readonly unknown[])[index++], to)
    },
  }
}

/** The codec of flags: an object of camelCase booleans. At most 32, as the component model has it. */
export function flagsCodec(names: readonly string[]): AbiCodec {
  const keys = names.map(camelCase)
  const size = names.length <= 8 ? 1 : names.length <= 16 ? 2 : 4
  const fromBits = (bits: number) =>
    Object.fromEntries(keys.map((key, index) => [key, (bits & (1 << index)) !== 0]))
  const toBits = (value: unknown) =>
    keys.reduce(
      (bits, key, index) => ((value as Readonly<Record<string, unknown>>)[key] ? bits | (1 << index) : bits),
      0,
    )
  return {
    size,
    align: size,
    flat: ['i32'],
    load: (cx, at) =>
      fromBits(
        size === 1
          ? cx.view.getUint8(at)
          : size === 2
            ? cx.view.getUint16(at, true)
            : cx.view.getUint32(at, true),
      ),
    store: (cx, at, value) => {
      const bits = toBits(value)
      if (size === 1) cx.view.setUint8(at, bits)
      else if (size === 2) cx.view.setUint16(at, bits, true)
      else cx.view.setUint32(at, bits, true)
    },
    lift: (_cx, from) => fromBits(nextU32(from)),
    lower: (_cx, value, to) => to.push(toBits(value)),
  }
}

function layoutOf(codecs: readonly AbiCodec[]): Layout {
  let end = 0
  let align = 1
  const offsets = codecs.map((codec) => {
    const offset = alignTo(end, codec.align)
    end = offset + codec.size
    align = Math.max(align, codec.align)
    return offset
  })
  return { size: alignTo(end, align), align, offsets }
}
