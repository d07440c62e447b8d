import type { WitType } from '../wit/type.ts'
import type { MemoryContext } from './memory-context.ts'

export type CoreType = 'i32' | 'i64' | 'f32' | 'f64'
export type CoreValue = number | bigint

/** Core values that a function got, read from front to back. */
export interface FlatValues {
  readonly values: readonly CoreValue[]
  at: number
}

/**
 * How values of one WIT type lie in linear memory and in core values (the Canonical ABI,
 * https://github.com/WebAssembly/component-model, CanonicalABI.md). Values have the shapes that `WitType` tells.
 */
export interface AbiCodec {
  readonly size: number
  readonly align: number
  readonly flat: readonly CoreType[]
  load(cx: MemoryContext, at: number): unknown
  store(cx: MemoryContext, at: number, value: unknown): void
  lift(cx: MemoryContext, from: FlatValues): unknown
  lower(cx: MemoryContext, value: unknown, to: CoreValue[]): void
}

/** Makes the codec of each type once. */
export type CodecOf = (type: WitType) => AbiCodec

export function alignTo(at: number, align: number): number {
  return Math.ceil(at / align) * align
}

/** The next core value as an unsigned 32-bit number: a pointer, a length, a discriminant. */
export function nextU32(from: FlatValues): number {
  return Number(from.values[from.at++]) >>> 0
}
