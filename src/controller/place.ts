import { hasVolumes } from '../component-settings.ts'
import { isDraining } from '../lattice/draining.ts'
import { dealHosts, inOrder, isOurs, meets, type Part } from './deal-hosts.ts'
import type { Workload } from './desired.ts'
import { divideInstances, type Share } from './divide-instances.ts'
import type { HostView } from './lattice-view.ts'
import { Room, unbounded } from './room.ts'

/** Where a workload is to run. `instances` is max_instances on that host; a provider has 1. */
export interface Placement {
  readonly assignments: readonly Assignment[]
  /** What can't be placed now and why, for people: `0 hosts match zone=eu`. */
  readonly shortfalls: readonly string[]
}

export interface Assignment {
  readonly host: HostView
  readonly spread: string
  readonly instances: number
}

/** The label whose values are failure domains, unless the manifest names another. */
const defaultDomain = 'zone'

/**
 * Chooses hosts for a workload. The same view gives the same answer, and what runs stays where it is: a host that has
 * the workload comes before one that has not. Instances of a component are divided evenly over the hosts of a spread, as
 * far as these have room. Hosts that drain get nothing, and neither do those that lack a volume of the component.
 */
export function placeWorkload(workload: Workload, all: readonly HostView[], room = new Room()): Placement {
  const { scaler } = workload
  const awake = all.filter(({ labels }) => !isDraining(labels))
  const hosts = awake.filter(({ labels }) => hasVolumes(labels, workload.settings.volumes))
  if (!scaler || scaler.instances === 0) return { assignments: [], shortfalls: [] }
  const wanted =
    scaler.kind === 'daemon' ? scaler.spread.map(() => unbounded) : divide(scaler.instances, scaler.spread)
  const parts = scaler.spread
    .map((spread, index) => ({ spread, wanted: wanted[index] ?? 0 }))
    .filter((part) => part.wanted > 0)
  const order = inOrder(workload, hosts)
  const dealt = dealHosts(workload, parts, order)
  const assignments = new Map<string, Assignment>()
  const shortfalls: string[] = []
  for (const part of parts) {
    const matching = order.filter((host) => meets(host, part.spread))
    // A component runs once per host, so spreads that share their only host share its instances.
    const own = dealt.get(part.spread.name) ?? []
    const eligible = own.length > 0 || workload.kind === 'provider' ? own : matching
    const roomOn = (host: HostView) => room.on(host, workload) - (assignments.get(host.id)?.instances ?? 0)
    const shares = sharesFor(workload, part.wanted, { hosts: eligible, roomOn })
    for (const { host, instances: count } of shares) {
      const before = assignments.get(host.id)
      const instances = Math.min((before?.instances ?? 0) + count, unbounded)
      assignments.set(host.id, { host, spread: before?.spread ?? part.spread.name, instances })
    }
    const found = { shares, eligible: eligible.length, matching: matching.length, hosts: hosts.length }
    const shortfall = shortfallOf(workload, part, found)
    if (shortfall !== undefined) shortfalls.push(shortfall)
  }
  const left = leftOut(all.length - awake.length, awake.length - hosts.length)
  return {
    assignments: [...assignments.values()],
    shortfalls: left === '' ? shortfalls : shortfalls.map((text) => `${text} (${left})`),
  }
}

function leftOut(draining: number, withoutVolumes: number): string {
  return [
    ...(draining > 0 ? [`${draining} draining`] : []),
    ...(withoutVolumes > 0 ? [`${withoutVolumes} without its volumes`] : []),
  ].join(', ')
}

/** wadm's division: the floor of each share, and what is left over goes to the first. */
function divide(instances: number, spread: readonly Part['spread'][]): number[] {
  const total = spread.reduce((sum, { weight }) => sum + weight, 0)
  if (instances >= unbounded) return spread.map(({ weight }) => (weight > 0 ? unbounded : 0))
  const shares = spread.map(({ weight }) => (total === 0 ? 0 : Math.floor((instances * weight) / total)))
  const rest = instances - shares.reduce((sum, share) => sum + share, 0)
  return shares.map((share, index) => (index === 0 ? share + rest : share))
}

function sharesFor(
  workload: Workload,
  wanted: number,
  { hosts, roomOn }: { readonly hosts: readonly HostView[]; readonly roomOn: (host: HostView) => number },
): readonly Share[] {
  const { kind, scaler, placement } = workload
  const candidates = hosts.map((host) => ({ host, room: roomOn(host), present: isOurs(workload, host) }))
  const options = { domain: placement.domain ?? defaultDomain, perHost: placement.perHost ?? 1 }
  if (kind === 'provider') {
    const once = candidates.map((one) => ({ ...one, room: 1 }))
    return divideInstances(Math.min(wanted, hosts.length), once, { ...options, perHost: 1 })
  }
  const onEach = scaler?.kind === 'daemon' ? scaler.instances : wanted >= unbounded ? unbounded : undefined
  if (onEach === undefined) return divideInstances(wanted, candidates, options)
  // One without bound reserves nothing, so it finds room wherever there is some.
  return candidates.flatMap(({ host, room }) => {
    const instances = onEach >= unbounded && room > 0 ? onEach : Math.min(onEach, room)
    return instances > 0 ? [{ host, instances }] : []
  })
}

function shortfallOf(
  { kind, scaler }: Workload,
  { spread, wanted }: Part,
  found: {
    readonly shares: readonly Share[]
    readonly eligible: number
    readonly matching: number
    readonly hosts: number
  },
): string | undefined {
  const { shares, eligible, matching, hosts } = found
  const labels = Object.entries(spread.requirements).map(([label, value]) => `${label}=${value}`)
  const hostsThat =
    labels.length === 0 ? `${matching} hosts in the lattice` : `${matching} hosts match ${labels.join(', ')}`
  const needed = kind === 'component' || scaler?.kind === 'daemon' ? 1 : wanted
  if (eligible < needed) {
    if (hosts === 0) return '0 hosts in the lattice'
    return needed > 1 ? `${hostsThat}, ${wanted} needed for spread "${spread.name}"` : hostsThat
  }
  if (kind === 'provider') return undefined
  const total = scaler?.kind === 'daemon' ? scaler.instances * eligible : wanted
  const placed = shares.reduce((sum, { instances }) => sum + instances, 0)
  if (placed >= total || total >= unbounded) return undefined
  return `${hostsThat}, with room for ${placed} of ${total} instances`
}
