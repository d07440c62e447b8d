import { createHash } from 'node:crypto'
import type { Spread } from '../manifest/read-scaler.ts'
import { appOf, spreadOf } from './annotations.ts'
import type { Workload } from './desired.ts'
import { findRunning, type HostView } from './lattice-view.ts'

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

/** max_instances of a component that may run without bound; it is the same on every host, not divided. */
const unbounded = 4_294_967_295

/**
 * Chooses hosts for a workload. The same view gives the same answer, and what runs stays where it is: a host that has
 * the workload comes before one that has not. Instances of a component are divided evenly over all hosts of a spread.
 */
export function placeWorkload(workload: Workload, hosts: readonly HostView[]): Placement {
  const { scaler } = workload
  if (!scaler || scaler.instances === 0) return { assignments: [], shortfalls: [] }
  const wanted =
    scaler.kind === 'daemon' ? scaler.spread.map(() => unbounded) : divide(scaler.instances, scaler.spread)
  const parts = scaler.spread
    .map((spread, index) => ({ spread, wanted: wanted[index] ?? 0 }))
    .filter((part) => part.wanted > 0)
  const order = inOrder(workload, hosts)
  const taken = dealHosts(workload, parts, order)
  const assignments = new Map<string, Assignment>()
  const shortfalls: string[] = []
  for (const part of parts) {
    const matching = order.filter((host) => meets(host, part.spread))
    // A component runs once per host, so spreads that share their only host share its instances.
    const own = taken.get(part.spread.name) ?? []
    const eligible = own.length > 0 || workload.kind === 'provider' ? own : matching
    const numbers =
      scaler.kind === 'daemon'
        ? eligible.map(() => (workload.kind === 'provider' ? 1 : scaler.instances))
        : numbersFor(workload, part.wanted, eligible.length)
    for (const [index, count] of numbers.entries()) {
      const host = eligible[index]
      if (!host || count === 0) continue
      const before = assignments.get(host.id)
      const instances = Math.min((before?.instances ?? 0) + count, unbounded)
      assignments.set(host.id, { host, spread: before?.spread ?? part.spread.name, instances })
    }
    const shortfall = shortfallOf(workload, part, {
      placed: numbers.length,
      matching: matching.length,
      hosts: hosts.length,
    })
    if (shortfall !== undefined) shortfalls.push(shortfall)
  }
  return { assignments: [...assignments.values()], shortfalls }
}

interface Part {
  readonly spread: Spread
  readonly wanted: number
}

/** wadm's division: the floor of each share, and what is left over goes to the first. */
function divide(instances: number, spread: readonly Spread[]): number[] {
  const total = spread.reduce((sum, { weight }) => sum + weight, 0)
  if (instances >= unbounded) return spread.map(({ weight }) => (weight > 0 ? unbounded : 0))
  const shares = spread.map(({ weight }) => (total === 0 ? 0 : Math.floor((instances * weight) / total)))
  const rest = instances - shares.reduce((sum, share) => sum + share, 0)
  return shares.map((share, index) => (index === 0 ? share + rest : share))
}

function meets(host: HostView, { requirements }: Spread): boolean {
  return Object.entries(requirements).every(([label, value]) => host.labels[label] === value)
}

/**
 * Hosts that have the workload first; then an order of its own for each workload, so that many small ones do not all
 * go to one host. (The load of a host would change between two looks and move what is just being started.)
 */
function inOrder(workload: Workload, hosts: readonly HostView[]): HostView[] {
  return hosts
    .map((host) => ({ host, rank: isOurs(workload, host) ? '0' : `1${lot(workload.id, host.id)}` }))
    .toSorted((a, b) => (a.rank === b.rank ? (a.host.id < b.host.id ? -1 : 1) : a.rank < b.rank ? -1 : 1))
    .map(({ host }) => host)
}

function lot(workload: string, host: string): string {
  return createHash('sha256').update(`${workload} ${host}`).digest('hex')
}

function isOurs(workload: Workload, host: HostView): boolean {
  const running = findRunning(host, workload)
  return running !== undefined && appOf(running.annotations) === workload.app
}

/** Gives each host to one spread: its present one, else the spread that most lacks hosts. */
function dealHosts(
  workload: Workload,
  parts: readonly Part[],
  order: readonly HostView[],
): Map<string, HostView[]> {
  const taken = new Map<string, HostView[]>(parts.map(({ spread }) => [spread.name, []]))
  const lack = ({ spread, wanted }: Part) => {
    const hosts = taken.get(spread.name)?.length ?? 0
    return hosts === 0 ? Number.POSITIVE_INFINITY : wanted / (hosts + 1)
  }
  const isFull = ({ spread, wanted }: Part) =>
    workload.kind === 'provider' && (taken.get(spread.name)?.length ?? 0) >= wanted
  const choose = (host: HostView, open: readonly Part[]): Part | undefined => {
    const running = findRunning(host, workload)
    const present = running && isOurs(workload, host) ? spreadOf(running.annotations) : undefined
    const stays = open.find(({ spread }) => spread.name === present)
    return (
      stays ??
      open.reduce<Part | undefined>(
        (most, part) => (most && lack(most) >= lack(part) ? most : part),
        undefined,
      )
    )
  }
  // Hosts that only one spread can use are dealt first, so that no spread starves for a host others did not need.
  const choices = (host: HostView) => parts.filter(({ spread }) => meets(host, spread))
  for (const only of [true, false]) {
    for (const host of order) {
      const open = choices(host)
      if (open.length === 0 || (open.length === 1) !== only) continue
      const part = choose(
        host,
        open.filter((candidate) => !isFull(candidate)),
      )
      if (part) taken.get(part.spread.name)?.push(host)
    }
  }
  for (const [name, hosts] of taken)
    taken.set(
      name,
      hosts.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)),
    )
  return taken
}

function numbersFor(workload: Workload, wanted: number, hosts: number): number[] {
  if (hosts === 0) return []
  if (workload.kind === 'provider') return Array.from({ length: Math.min(wanted, hosts) }, () => 1)
  if (wanted >= unbounded) return Array.from({ length: hosts }, () => unbounded)
  const used = Math.min(wanted, hosts)
  return Array.from(
    { length: used },
    (_, index) => Math.floor(wanted / used) + (index < wanted % used ? 1 : 0),
  )
}

function shortfallOf(
  { kind, scaler }: Workload,
  { spread, wanted }: Part,
  { placed, matching, hosts }: { readonly placed: number; readonly matching: number; readonly hosts: number },
): string | undefined {
  const enough = kind === 'component' || scaler?.kind === 'daemon' ? 1 : wanted
  if (placed >= enough) return undefined
  const labels = Object.entries(spread.requirements).map(([label, value]) => `${label}=${value}`)
  if (hosts === 0) return '0 hosts in the lattice'
  const hostsThat =
    labels.length === 0 ? `${matching} hosts in the lattice` : `${matching} hosts match ${labels.join(', ')}`
  return enough > 1 ? `${hostsThat}, ${wanted} needed for spread "${spread.name}"` : hostsThat
}
