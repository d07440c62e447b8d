import { type AbiCodec, nextU32 } from './abi.ts'
import type { MemoryContext } from './memory-context.ts'

/** The codec of what a guest knows by an index into its handles; `take` and `give` turn the index into the value and back. */
export function indexCodec(
  take: (cx: MemoryContext, handle: number) => unknown,
  give: (cx: MemoryContext, value: unknown) => number,
): AbiCodec {
  return {
    size: 4,
    align: 4,
    flat: ['i32'],
    load: (cx, at) => take(cx, cx.view.getUint32(at, true)),
    store: (cx, at, value) => {
      const handle = give(cx, value)
      cx.view.setUint32(at, handle, true)
    },
    lift: (cx, from) => take(cx, nextU32(from)),
    lower: (cx, value, to) => to.push(give(cx, value)),
  }
}
