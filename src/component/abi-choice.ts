import { type AbiCodec, alignTo, type CoreType, type CoreValue, type FlatValues, nextU32 } from './abi.ts'
import { discriminantSize, loadDiscriminant, storeDiscriminant } from './abi-scalar.ts'
import type { MemoryContext } from './memory-context.ts'

/** One case of a variant, an option or a result. */
export interface AbiCase {
  readonly name: string
  readonly codec?: AbiCodec
}

/** A case among others: whether its core values are of other types than theirs, which all share. */
interface JoinedCase extends AbiCase {
  readonly isJoined: boolean
}

/** How a value tells its case and payload, and how it is made of them. */
export interface ChoiceShape {
  readonly make: (name: string, payload: unknown, hasPayload: boolean) => unknown
  readonly nameOf: (value: unknown) => string
  readonly payloadOf: (value: unknown) => unknown
}

/** `{tag, val?}`: variants, results, and options in options. */
export const tagged: ChoiceShape = {
  make: (tag, val, hasPayload) => (hasPayload ? { tag, val } : { tag }),
  nameOf: (value) => (value as { readonly tag: string }).tag,
  payloadOf: (value) => (value as { readonly val?: unknown }).val,
}

/** `T | undefined`. */
export const plainOption: ChoiceShape = {
  make: (_name, payload) => payload,
  nameOf: (value) => (value === undefined || value === null ? 'none' : 'some'),
  payloadOf: (value) => value,
}

/** The codec of a choice between cases. */
export function choiceCodec(cases: readonly AbiCase[], shape: ChoiceShape): AbiCodec {
  const tagSize = discriminantSize(cases.length)
  const align = Math.max(tagSize, ...cases.map(({ codec }) => codec?.align ?? 1))
  const offset = alignTo(tagSize, align)
  const size = alignTo(offset + Math.max(0, ...cases.map(({ codec }) => codec?.size ?? 0)), align)
  const payload = joinedFlat(cases)
  const numbers = new Map(cases.map(({ name }, number) => [name, number]))
  const joined = cases.map(
    (one): JoinedCase => ({
      ...one,
      isJoined: one.codec?.flat.some((type, index) => type !== payload[index]) ?? false,
    }),
  )
  const caseAt = (number: number): JoinedCase => {
    const found = joined[number]
    if (!found) throw new WebAssembly.RuntimeError(`the guest gave case ${number} of ${cases.length}`)
    return found
  }
  const numberOf = (value: unknown): number => {
    const number = numbers.get(shape.nameOf(value))
    if (number === undefined)
      throw new TypeError(
        `expected one of ${cases.map(({ name }) => name).join(', ')}, got ${shape.nameOf(value)}`,
      )
    return number
  }
  return {
    size,
    align,
    flat: ['i32', ...payload],
    load(cx, at) {
      const { name, codec } = caseAt(loadDiscriminant(cx.view, at, tagSize))
      return shape.make(name, codec?.load(cx, at + offset), codec !== undefined)
    },
    store(cx, at, value) {
      const number = numberOf(value)
      storeDiscriminant(cx.view, { at, size: tagSize, number })
      caseAt(number).codec?.store(cx, at + offset, shape.payloadOf(value))
    },
    lift(cx, from) {
      const { name, codec, isJoined } = caseAt(nextU32(from))
      const start = from.at
      const value =
        codec && (isJoined ? liftJoined(cx, codec, { from, start, payload }) : codec.lift(cx, from))
      from.at = start + payload.length
      return shape.make(name, value, codec !== undefined)
    },
    lower(cx, value, to) {
      const number = numberOf(value)
      to.push(number)
      const { codec, isJoined } = caseAt(number)
      const start = to.length
      codec?.lower(cx, shape.payloadOf(value), to)
      if (isJoined) widen(to, start, { have: codec?.flat ?? [], want: payload })
      for (let index = to.length - start; index < payload.length; index++)
        to.push(payload[index] === 'i64' ? 0n : 0)
    },
  }
}

/** Cases share their core values: where types differ, the value goes as bits of the wider one. */
function joinedFlat(cases: readonly AbiCase[]): CoreType[] {
  const joined: CoreType[] = []
  for (const { codec } of cases) {
    codec?.flat.forEach((type, index) => {
      const before = joined[index]
      joined[index] =
        before === undefined || before === type ? type : isSmall(before) && isSmall(type) ? 'i32' : 'i64'
    })
  }
  return joined
}

function isSmall(type: CoreType): boolean {
  return type === 'i32' || type === 'f32'
}

function liftJoined(
  cx: MemoryContext,
  codec: AbiCodec,
  {
    from,
    start,
    payload,
  }: { readonly from: FlatValues; readonly start: number; readonly payload: readonly CoreType[] },
): unknown {
  const values = codec.flat.map((type, index) =>
    narrowed(from.values[start + index] ?? 0, payload[index] ?? type, type),
  )
  return codec.lift(cx, { values, at: 0 })
}

const bits = new DataView(new ArrayBuffer(8))

function narrowed(value: CoreValue, have: CoreType, want: CoreType): CoreValue {
  if (have === want) return value
  bits.setBigInt64(0, BigInt(value), true)
  if (want === 'i32') return bits.getInt32(0, true)
  return want === 'f32' ? bits.getFloat32(0, true) : bits.getFloat64(0, true)
}

function widen(
  values: CoreValue[],
  start: number,
  { have, want }: { readonly have: readonly CoreType[]; readonly want: readonly CoreType[] },
): void {
  for (const [index, type] of have.entries())
    values[start + index] = widened(values[start + index] ?? 0, type, want[index] ?? type)
}

function widened(value: CoreValue, have: CoreType, want: CoreType): CoreValue {
  if (have === want) return value
  bits.setBigInt64(0, 0n, true)
  if (have === 'i32') bits.setInt32(0, Number(value), true)
  else if (have === 'f32') bits.setFloat32(0, Number(value), true)
  else bits.setFloat64(0, Number(value), true)
  return want === 'i32' ? bits.getInt32(0, true) : bits.getBigInt64(0, true)
}
