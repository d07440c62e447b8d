import type { HostView } from './lattice-view.ts'

/** A host that could have some of the instances. */
export interface Candidate {
  readonly host: HostView
  /** How many of them it has room for. */
  readonly room: number
  /** The workload runs there now. */
  readonly present: boolean
}

/** The same as a candidate, with what it gets. */
export interface Share {
  readonly host: HostView
  readonly instances: number
}

/**
 * Divides instances evenly over as many hosts as they reach for, none more than it has room for. Where there are more
 * hosts than instances, those that have the workload keep it, and the others are taken from the failure domain that has
 * the fewest. What finds no room is left out.
 */
export function divideInstances(
  wanted: number,
  candidates: readonly Candidate[],
  options: {
    /** The label whose values are failure domains. */
    readonly domain: string
    /** How many a host should have before another is used; the hosts that this takes, at least. */
    readonly perHost: number
  },
): readonly Share[] {
  const order = byDomain(
    candidates.filter(({ room }) => room > 0),
    options.domain,
  )
  const given = new Map<HostView, number>()
  let rest = wanted
  let used = Math.min(order.length, Math.ceil(wanted / options.perHost))
  while (rest > 0 && used > 0) {
    rest = pour(rest, order.slice(0, used), given)
    if (rest === 0 || used === order.length) break
    used += 1
  }
  return [...given].map(([host, instances]) => ({ host, instances }))
}

/** Hands out what fits, evenly, the first ones getting what is left over; gives back what did not fit. */
function pour(wanted: number, candidates: readonly Candidate[], given: Map<HostView, number>): number {
  let rest = wanted
  let open = candidates
  while (rest > 0) {
    open = open.filter(({ host, room }) => (given.get(host) ?? 0) < room)
    if (open.length === 0) return rest
    const share = Math.floor(rest / open.length)
    const over = rest % open.length
    for (const [index, { host, room }] of open.entries()) {
      const before = given.get(host) ?? 0
      const more = Math.min(share + (index < over ? 1 : 0), room - before)
      if (more > 0) given.set(host, before + more)
      rest -= more
    }
  }
  return 0
}

/** Those that have it first, then always one of the domain with the fewest so far. */
function byDomain(candidates: readonly Candidate[], domain: string): readonly Candidate[] {
  const present = candidates.filter((one) => one.present)
  const counts = new Map<string, number>()
  const domainOf = ({ host }: Candidate) => host.labels[domain] ?? ''
  for (const one of present) counts.set(domainOf(one), (counts.get(domainOf(one)) ?? 0) + 1)
  const waiting = Map.groupBy(
    candidates.filter((one) => !one.present),
    domainOf,
  )
  if (waiting.size <= 1) return [...present, ...candidates.filter((one) => !one.present)]
  const chosen = [...present]
  const queues = [...waiting].map(([name, queue]) => ({ name, queue: [...queue] }))
  for (let left = candidates.length - present.length; left > 0; left--) {
    const next = queues
      .filter(({ queue }) => queue.length > 0)
      .reduce((least, one) => ((counts.get(one.name) ?? 0) < (counts.get(least.name) ?? 0) ? one : least))
    const [one] = next.queue.splice(0, 1)
    if (one) chosen.push(one)
    counts.set(next.name, (counts.get(next.name) ?? 0) + 1)
  }
  return chosen
}
