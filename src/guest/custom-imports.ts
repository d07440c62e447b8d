import { guestError } from '../capability/guest-error.ts'
import { camelCase, withoutVersion } from '../wit/names.ts'
import type { WitFunction, WitInterface } from '../wit/type.ts'
import type { Importing } from './importing.ts'
import { holdsHandles } from './map-handles.ts'

/**
 * An interface that another component or a provider answers: each function becomes a call over the link for it. Where
 * resources are passed, the component must run on this host.
 */
export function customImports(one: WitInterface, invocation: Importing): object {
  const key = withoutVersion(one.id)
  // Functions of resources stand by their names in the binary: there are no classes that they could be methods of.
  return Object.fromEntries(
    one.functions.map((fn) => [
      fn.name.startsWith('[') ? fn.name : camelCase(fn.name),
      forward(invocation, key, one.id, fn),
    ]),
  )
}

function forward(invocation: Importing, key: string, id: string, fn: WitFunction) {
  const types = [...fn.params.map(({ type }) => type), ...(fn.result ? [fn.result] : [])]
  const passesResources = fn.name.startsWith('[') || types.some(holdsHandles)
  return async (...args: unknown[]): Promise<unknown> => {
    const value = passesResources
      ? await invocation.callInSession(key, { interface: id, function: fn }, args)
      : await invocation.callOut(key, id, fn, args)
    if (fn.result?.kind !== 'result') return value
    const { tag, val } = value as { tag: 'ok' | 'err'; val?: unknown }
    if (tag === 'err') throw guestError(val)
    return val
  }
}
