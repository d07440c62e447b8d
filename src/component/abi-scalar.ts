import type { WitPrimitive } from '../wit/type.ts'
import type { AbiCodec, CoreType } from './abi.ts'
import { nextU32 } from './abi.ts'
import type { MemoryContext } from './memory-context.ts'

interface Scalar {
  readonly size: number
  readonly flat: CoreType
  readonly load: (view: DataView, at: number) => unknown
  readonly store: (view: DataView, at: number, value: never) => void
  /** From a core value; the guest may leave anything in its upper bits. */
  readonly lift: (value: never) => unknown
}

const int = (value: number) => value

const scalars: Partial<Record<WitPrimitive, Scalar>> = {
  bool: {
    size: 1,
    flat: 'i32',
    load: (view, at) => view.getUint8(at) !== 0,
    store: (view, at, value: boolean) => view.setUint8(at, value ? 1 : 0),
    lift: (value: number) => value !== 0,
  },
  u8: {
    size: 1,
    flat: 'i32',
    load: (view, at) => view.getUint8(at),
    store: (view, at, value) => view.setUint8(at, value),
    lift: (value: number) => value & 0xff,
  },
  s8: {
    size: 1,
    flat: 'i32',
    load: (view, at) => view.getInt8(at),
    store: (view, at, value) => view.setInt8(at, value),
    lift: (value: number) => (value << 24) >> 24,
  },
  u16: {
    size: 2,
    flat: 'i32',
    load: (view, at) => view.getUint16(at, true),
    store: (view, at, value) => view.setUint16(at, value, true),
    lift: (value: number) => value & 0xffff,
  },
  s16: {
    size: 2,
    flat: 'i32',
    load: (view, at) => view.getInt16(at, true),
    store: (view, at, value) => view.setInt16(at, value, true),
    lift: (value: number) => (value << 16) >> 16,
  },
  u32: {
    size: 4,
    flat: 'i32',
    load: (view, at) => view.getUint32(at, true),
    store: (view, at, value) => view.setUint32(at, value, true),
    lift: (value: number) => value >>> 0,
  },
  s32: {
    size: 4,
    flat: 'i32',
    load: (view, at) => view.getInt32(at, true),
    store: (view, at, value) => view.setInt32(at, value, true),
    lift: int,
  },
  u64: {
    size: 8,
    flat: 'i64',
    load: (view, at) => view.getBigUint64(at, true),
    store: (view, at, value) => view.setBigUint64(at, BigInt(value), true),
    lift: (value: bigint) => BigInt.asUintN(64, value),
  },
  s64: {
    size: 8,
    flat: 'i64',
    load: (view, at) => view.getBigInt64(at, true),
    store: (view, at, value) => view.setBigInt64(at, BigInt(value), true),
    lift: (value: bigint) => BigInt.asIntN(64, value),
  },
  f32: {
    size: 4,
    flat: 'f32',
    load: (view, at) => view.getFloat32(at, true),
    store: (view, at, value) => view.setFloat32(at, value, true),
    lift: int,
  },
  f64: {
    size: 8,
    flat: 'f64',
    load: (view, at) => view.getFloat64(at, true),
    store: (view, at, value) => view.setFloat64(at, value, true),
    lift: int,
  },
  char: {
    size: 4,
    flat: 'i32',
    load: (view, at) => charFrom(view.getUint32(at, true)),
    store: (view, at, value: string) => view.setUint32(at, value.codePointAt(0) ?? 0, true),
    lift: (value: number) => charFrom(value >>> 0),
  },
}

/** The codec of a number, a bool or a char; undefined for other primitives. */
export function scalarCodec(kind: WitPrimitive): AbiCodec | undefined {
  const scalar = scalars[kind]
  if (!scalar) return undefined
  const { size, flat, load, store, lift } = scalar
  const toCore = coreFrom(kind)
  return {
    size,
    align: size,
    flat: [flat],
    load: (cx: MemoryContext, at: number) => load(cx.view, at),
    store: (cx, at, value) => store(cx.view, at, value as never),
    lift: (_cx, from) => lift(from.values[from.at++] as never),
    lower: (_cx, value, to) => to.push(toCore(value as never)),
  }
}

function coreFrom(kind: WitPrimitive): (value: never) => number | bigint {
  if (kind === 'bool') return (value: boolean) => (value ? 1 : 0)
  if (kind === 'char') return (value: string) => value.codePointAt(0) ?? 0
  if (kind === 'u64' || kind === 's64') return (value: bigint | number) => BigInt(value)
  return (value: number) => value
}

function charFrom(code: number): string {
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
    throw new WebAssembly.RuntimeError(`the guest gave 0x${code.toString(16)} as a char`)
  return String.fromCodePoint(code)
}

/** A number of `names` values, as its name. */
export function enumCodec(names: readonly string[]): AbiCodec {
  const size = discriminantSize(names.length)
  const numbers = new Map(names.map((name, number) => [name, number]))
  const nameOf = (number: number) => {
    const name = names[number]
    if (name === undefined)
      throw new WebAssembly.RuntimeError(`the guest gave case ${number} of ${names.length}`)
    return name
  }
  const numberOf = (value: unknown) => {
    const number = numbers.get(String(value))
    if (number === undefined) throw new TypeError(`expected one of ${names.join(', ')}, got ${String(value)}`)
    return number
  }
  return {
    size,
    align: size,
    flat: ['i32'],
    load: (cx, at) => nameOf(loadDiscriminant(cx.view, at, size)),
    store: (cx, at, value) => storeDiscriminant(cx.view, { at, size, number: numberOf(value) }),
    lift: (_cx, from) => nameOf(nextU32(from)),
    lower: (_cx, value, to) => to.push(numberOf(value)),
  }
}

export function discriminantSize(cases: number): 1 | 2 | 4 {
  if (cases <= 256) return 1
  return cases <= 65_536 ? 2 : 4
}

export function loadDiscriminant(view: DataView, at: number, size: number): number {
  if (size === 1) return view.getUint8(at)
  return size === 2 ? view.getUint16(at, true) : view.getUint32(at, true)
}

export function storeDiscriminant(
  view: DataView,
  { at, size, number }: { readonly at: number; readonly size: number; readonly number: number },
): void {
  if (size === 1) view.setUint8(at, number)
  else if (size === 2) view.setUint16(at, number, true)
  else view.setUint32(at, number, true)
}
