import type { WitType } from '../wit/type.ts'
import type { AbiCodec } from './abi.ts'
import { rangeCodec } from './abi-range.ts'
import type { MemoryContext } from './memory-context.ts'

/** The codec of `list<element>`; bytes are a `Uint8Array`, all else an array. */
export function listCodec(elementType: WitType, element: AbiCodec): AbiCodec {
  if (elementType.kind === 'u8') return rangeCodec(readBytes, writeBytes)
  return rangeCodec(
    (cx, at, count) => readList(cx, element, { at, count }),
    (cx, value) => writeList(cx, element, value),
  )
}

function readBytes(cx: MemoryContext, at: number, count: number): Uint8Array {
  cx.range(at, count, 1)
  return cx.bytes.slice(at, at + count)
}

function readList(
  cx: MemoryContext,
  element: AbiCodec,
  { at, count }: { readonly at: number; readonly count: number },
): unknown[] {
  // An element without a size still costs the host something.
  cx.range(at, count * Math.max(element.size, 1), element.align)
  const list = new Array<unknown>(count)
  for (let index = 0; index < count; index++) list[index] = element.load(cx, at + index * element.size)
  return list
}

function writeBytes(cx: MemoryContext, value: unknown): readonly [number, number] {
  const bytes = value instanceof Uint8Array ? value : Uint8Array.from(value as Iterable<number>)
  const at = cx.allocate(bytes.length, 1)
  cx.bytes.set(bytes, at)
  return [at, bytes.length]
}

function writeList(cx: MemoryContext, element: AbiCodec, value: unknown): readonly [number, number] {
  const list = value as ArrayLike<unknown>
  const at = cx.allocate(list.length * element.size, element.align)
  for (let index = 0; index < list.length; index++) element.store(cx, at + index * element.size, list[index])
  return [at, list.length]
}
