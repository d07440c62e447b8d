import { type AbiCodec, nextU32 } from './abi.ts'
import type { MemoryContext } from './memory-context.ts'

/** The codec of what lies elsewhere in memory and is passed as a pointer and a length: lists and strings. */
export function rangeCodec(
  read: (cx: MemoryContext, pointer: number, length: number) => unknown,
  write: (cx: MemoryContext, value: unknown) => readonly [pointer: number, length: number],
): AbiCodec {
  return {
    size: 8,
    align: 4,
    flat: ['i32', 'i32'],
    load: (cx, at) => read(cx, cx.view.getUint32(at, true), cx.view.getUint32(at + 4, true)),
    store(cx, at, value) {
      const [pointer, length] = write(cx, value)
      cx.view.setUint32(at, pointer, true)
      cx.view.setUint32(at + 4, length, true)
    },
    lift(cx, from) {
      const pointer = nextU32(from)
      return read(cx, pointer, nextU32(from))
    },
    lower(cx, value, to) {
      const [pointer, length] = write(cx, value)
      to.push(pointer, length)
    },
  }
}
