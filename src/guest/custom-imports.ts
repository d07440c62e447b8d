import { guestError } from '../capability/guest-error.ts'
import { WeftError } from '../errors.ts'
import { camelCase, withoutVersion } from '../wit/names.ts'
import type { WitFunction, WitInterface } from '../wit/type.ts'
import type { Importing } from './invocation.ts'

/** An interface that another component or a provider answers: each function becomes a call over the link for it. */
export function customImports(one: WitInterface, invocation: Importing): object {
  const key = withoutVersion(one.id)
  const functions = one.functions
    .filter((fn) => !fn.name.startsWith('['))
    .map((fn) => [camelCase(fn.name), forward(invocation, key, one.id, fn)] as const)
  return { ...Object.fromEntries(functions), ...resourceClasses(one, key, invocation) }
}

function forward(invocation: Importing, key: string, id: string, fn: WitFunction) {
  return async (...args: unknown[]): Promise<unknown> => {
    const value = await invocation.callOut(key, id, fn, args)
    if (fn.result?.kind !== 'result') return value
    const { tag, val } = value as { tag: 'ok' | 'err'; val?: unknown }
    if (tag === 'err') throw guestError(val)
    return val
  }
}

/** There is a class for each resource; resources of other components can't be used across the lattice. */
function resourceClasses(one: WitInterface, key: string, invocation: Importing): Record<string, unknown> {
  const names = new Set(
    one.functions.flatMap((fn) => /^\[(?:constructor|method|static)\]([^.]+)/.exec(fn.name)?.[1] ?? []),
  )
  return Object.fromEntries(
    [...names].map((name) => [
      camelCase(`-${name}`),
      class {
        constructor() {
          invocation.requireLink(key, `${one.id}.${name}`)
          throw new WeftError(
            'invalid',
            `resource ${name} of ${one.id} belongs to another component: resources do not cross the lattice`,
          )
        }
      },
    ]),
  )
}
