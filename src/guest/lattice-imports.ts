import { guestError } from '../capability/guest-error.ts'
import type { Importing } from './importing.ts'

/** `wasmcloud:bus/lattice`: the guest chooses, for the rest of its invocation, which of several links its calls take. */
export function latticeImports(invocation: Importing): object {
  class CallTargetInterface {
    readonly key: string
    constructor(namespace: string, pkg: string, name: string) {
      this.key = `${namespace}:${pkg}/${name}`
    }
  }
  return {
    CallTargetInterface,
    setLinkName(name: string, interfaces: readonly CallTargetInterface[]) {
      for (const { key } of interfaces) {
        if (invocation.services.linkTarget(name, key) === undefined) {
          throw guestError(`interface \`${key}\` does not have an existing link with name \`${name}\``)
        }
      }
      for (const { key } of interfaces) invocation.setLinkName(key, name)
    },
  }
}
