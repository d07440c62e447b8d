import { isDeepStrictEqual } from 'node:util'
import { appOf } from './annotations.ts'
import { concern } from './concerns.ts'
import type { HostView } from './lattice-view.ts'

/** What differs between two looks at the hosts. */
export interface HostChanges {
  /** A host has come, gone or changed its labels: every placement may be another now. */
  readonly everything: boolean
  /** Anything at all is different. */
  readonly any: boolean
  /** What runs otherwise than before, and the applications that it was started for. */
  readonly concerns: ReadonlySet<string>
}

/** Compares two looks; a host that has not changed is the same object in both. */
export function hostChanges(before: readonly HostView[], now: readonly HostView[]): HostChanges {
  const known = new Map(before.map((host) => [host.id, host]))
  const concerns = new Set<string>()
  let everything = before.length !== now.length
  let any = everything
  for (const host of now) {
    const old = known.get(host.id)
    if (old === host) continue
    any = true
    if (!old || !isDeepStrictEqual(identityOf(old), identityOf(host))) everything = true
    else addDifferences(old, host, concerns)
  }
  return { everything, any, concerns }
}

function identityOf({ name, labels, weft }: HostView): unknown {
  return { name, labels, weft }
}

function addDifferences(before: HostView, now: HostView, concerns: Set<string>): void {
  const entries = (host: HostView) =>
    new Map([...host.providers, ...host.components].map((entry) => [entry.id, entry]))
  const [old, current] = [entries(before), entries(now)]
  for (const id of new Set([...old.keys(), ...current.keys()])) {
    const [was, is] = [old.get(id), current.get(id)]
    if (isDeepStrictEqual(was, is) && healthOf(before, id) === healthOf(now, id)) continue
    concerns.add(concern.workload(id))
    for (const entry of [was, is]) {
      const app = entry && appOf(entry.annotations)
      if (app !== undefined) concerns.add(concern.application(app))
    }
  }
}

function healthOf({ unhealthy, unheard }: HostView, provider: string): string | undefined {
  return unheard?.has(provider) ? 'unheard of' : unhealthy.get(provider)
}
