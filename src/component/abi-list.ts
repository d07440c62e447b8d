import type { WitType } from '../wit/type.ts'
import { type AbiCodec, nextU32 } from './abi.ts'
import type { MemoryContext } from './memory-context.ts'

/** The codec of `list<element>`; bytes are a `Uint8Array`, all else an array. */
export function listCodec(elementType: WitType, element: AbiCodec): AbiCodec {
  const isBytes = elementType.kind === 'u8'
  const read = isBytes
    ? readBytes
    : (cx: MemoryContext, at: number, count: number) => readList(cx, element, { at, count })
  const write = isBytes ? writeBytes : (cx: MemoryContext, value: unknown) => writeList(cx, element, value)
  return {
    size: 8,
    align: 4,
    flat: ['i32', 'i32'],
    load: (cx, at) => read(cx, cx.view.getUint32(at, true), cx.view.getUint32(at + 4, true)),
    store(cx, at, value) {
      const [pointer, count] = write(cx, value)
      cx.view.setUint32(at, pointer, true)
      cx.view.setUint32(at + 4, count, true)
    },
    lift(cx, from) {
      const pointer = nextU32(from)
      return read(cx, pointer, nextU32(from))
    },
    lower(cx, value, to) {
      const [pointer, count] = write(cx, value)
      to.push(pointer, count)
    },
  }
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
