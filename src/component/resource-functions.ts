import { GuestResource } from './handle-table.ts'
import type { Instance } from './instance.ts'
import type { CoreFunction } from './lower.ts'
import type { Canon } from './program.ts'

type ResourceCanon = Extract<Canon, { readonly resource: number }>

/** The core functions by which guests make, read and drop resources. */
export function resourceFunction(instance: Instance, canon: ResourceCanon): CoreFunction {
  const handles = instance.handles(canon.instance)
  const { resource } = canon
  if (canon.do === 'resource.new')
    return (rep) =>
      handles.add({ resource, rep: new GuestResource(resource, Number(rep)), own: true, lends: 0 })
  if (canon.do === 'resource.rep')
    return (handle) => {
      const { rep } = handles.resource(Number(handle), resource)
      return rep instanceof GuestResource ? rep.rep : 0
    }
  return (handle) => {
    const entry = handles.resource(Number(handle), resource)
    if (entry.lends > 0) throw new WebAssembly.RuntimeError('the guest dropped a resource that is lent')
    handles.remove(Number(handle))
    if (entry.own) instance.dispose(entry.rep)
    else if (entry.borrows) entry.borrows.open--
  }
}
