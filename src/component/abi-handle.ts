import type { AbiCodec } from './abi.ts'
import { indexCodec } from './abi-index.ts'
import { GuestResource } from './handle-table.ts'
import type { ResourceDefinition } from './program.ts'

/** The codec of `own<resource>`: the handle goes over to the other side. */
export function ownCodec(resource: number): AbiCodec {
  return indexCodec(
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
  return indexCodec(
    (cx, handle) => {
      const entry = cx.handles.resource(handle, resource)
      cx.borrows?.lend(entry)
      return entry.rep
    },
    (cx, value) => {
      if (
        definition.kind === 'defined' &&
        value instanceof GuestResource &&
        cx.handles.owner === definition.instance
      )
        return value.rep
      const { borrows } = cx
      if (!borrows) return cx.handles.add({ resource, rep: value, own: false, lends: 0 })
      borrows.open++
      return cx.handles.add({ resource, rep: value, own: false, lends: 0, borrows })
    },
  )
}
