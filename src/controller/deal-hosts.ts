import type { Spread } from '../manifest/read-scaler.ts'
import { appOf, spreadOf } from './annotations.ts'
import type { Workload } from './desired.ts'
import { findRunning, type HostView } from './lattice-view.ts'

/** A spread with how many of the instances are its share. */
export interface Part {
  readonly spread: Spread
  readonly wanted: number
}

/** True when the host has the labels that the spread asks for. */
export function meets(host: HostView, { requirements }: Spread): boolean {
  return Object.entries(requirements).every(([label, value]) => host.labels[label] === value)
}

/**
 * Hosts that have the workload first; then an order of its own for each workload, so that many small ones do not all
 * go to one host. (The load of a host would change between two looks and move what is just being started.)
 */
export function inOrder(workload: Workload, hosts: readonly HostView[]): HostView[] {
  return hosts
    .map((host) => ({ host, rank: isOurs(workload, host) ? -1 : lot(`${workload.id} ${host.id}`) }))
    .toSorted((a, b) => a.rank - b.rank || (a.host.id < b.host.id ? -1 : 1))
    .map(({ host }) => host)
}

/** Whether the workload runs there, started by its application. */
export function isOurs(workload: Workload, host: HostView): boolean {
  const running = findRunning(host, workload)
  return running !== undefined && appOf(running.annotations) === workload.app
}

/** FNV-1a: the same text draws the same lot everywhere. */
function lot(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0
}

/**
 * Gives each host to one spread: its present one, else the spread that most lacks hosts. The answer, by name of the
 * spread, keeps the order of the hosts.
 */
export function dealHosts(
  workload: Workload,
  parts: readonly Part[],
  order: readonly HostView[],
): ReadonlyMap<string, readonly HostView[]> {
  const spreadOfHost = new Map<HostView, string>()
  const hostsOf = new Map<string, number>()
  const lack = ({ spread, wanted }: Part) => {
    const hosts = hostsOf.get(spread.name) ?? 0
    return hosts === 0 ? Number.POSITIVE_INFINITY : wanted / (hosts + 1)
  }
  const isFull = ({ spread, wanted }: Part) =>
    workload.kind === 'provider' && (hostsOf.get(spread.name) ?? 0) >= wanted
  const most = (open: readonly Part[]) =>
    open.reduce<Part | undefined>((best, part) => (best && lack(best) >= lack(part) ? best : part), undefined)
  // Hosts that only one spread can use are dealt first, so that no spread starves for a host others did not need.
  for (const only of [true, false]) {
    for (const host of order) {
      const fitting = parts.filter(({ spread }) => meets(host, spread))
      if (fitting.length === 0 || (fitting.length === 1) !== only) continue
      const open = fitting.filter((part) => !isFull(part))
      const present = presentSpread(workload, host)
      const part = open.find(({ spread }) => spread.name === present) ?? most(open)
      if (!part) continue
      spreadOfHost.set(host, part.spread.name)
      hostsOf.set(part.spread.name, (hostsOf.get(part.spread.name) ?? 0) + 1)
    }
  }
  const dealt = Map.groupBy(
    order.filter((host) => spreadOfHost.has(host)),
    (host) => spreadOfHost.get(host) ?? '',
  )
  return new Map(parts.map(({ spread: { name } }) => [name, dealt.get(name) ?? []]))
}

function presentSpread(workload: Workload, host: HostView): string | undefined {
  const running = findRunning(host, workload)
  return running && isOurs(workload, host) ? spreadOf(running.annotations) : undefined
}
