import { type AbiCodec, nextU32 } from './abi.ts'
import { GuestResource } from './handle-table.ts'
import type { MemoryContext } from './memory-context.ts'
import type { ResourceDefinition } from './program.ts'

/** The codec of `own<resource>`: the handle goes over to the other side. */
export function ownCodec(resource: number): AbiCodec {
  return handleCodec(
    (cx, handle) => {
      const entry = cx.handles.resource(handle, resource)
      if (!entry.own)
        throw new WebAssembly.RuntimeError('the guest gave away a resource that it only borrowed')
      if (entry.lends > 0) throw new WebAssembly.RuntimeError('the guest gave away a resource that is lent')
      cx.handles.remove(handle)
      return entry.rep
    },
    (cx, value) => cx.handles.add({ resource, rep: value, own: true, lends: 0 }),
  )
}

/** The codec of `borrow<resource>`; the instance that defines the resource gets its own number for it, no handle. */
export function borrowCodec(resource: number, definition: ResourceDefinition): AbiCodec {
  return handleCodec(
    (cx, handle) => cx.handles.resource(handle, resource).rep,
    (cx, value) => {
      if (
        definition.kind === 'defined' &&
        value instanceof GuestResource &&
        cx.handles.owner === definition.instance
      )
        return value.rep
      return cx.handles.add({ resource, rep: value, own: false, lends: 0 })
    },
  )
}

function handleCodec(
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
