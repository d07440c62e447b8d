import { withoutVersion } from '../wit/names.ts'
import type { WitInterface, WitWorld } from '../wit/type.ts'
import { suspendingImports as wasi02Suspending } from './wasi-0-2/suspending-imports.ts'

/** Imports answered on the spot; everything else that is not WASI may have to wait for another component or provider. */
const answeredAtOnce = /^(wasi:(config|logging)\/|wasi:otel\/|wasmcloud:(bus|secrets)\/)/
const waitingWasi = /^wasi:(keyvalue|blobstore)\//

/**
 * Which imports may suspend the guest's stack, as `ns:pkg/iface@version#function`. Deciding it from WIT keeps the others
 * plain calls; an async function suspends by its own type and is not listed.
 */
export function suspendingImports(world: WitWorld): ReadonlySet<string> {
  const listed = new Set(wasi02Suspending)
  return new Set(
    world.imports.flatMap((one) =>
      one.functions
        .filter((each) => !each.async && maySuspend(one, each.name, listed))
        .map((each) => `${one.id}#${each.name}`),
    ),
  )
}

function maySuspend(one: WitInterface, name: string, listed: ReadonlySet<string>): boolean {
  const key = withoutVersion(one.id)
  if (key.startsWith('wasi:')) {
    if (waitingWasi.test(key)) return !name.startsWith('[constructor]')
    return listed.has(`${key}#${name}`)
  }
  return !answeredAtOnce.test(key)
}
