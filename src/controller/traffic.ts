import type { Peer } from '../lattice/beat.ts'

/** Nobody looks further back than the longest pause that makes sense. */
const keptMs = 3_600_000
const wrap = 2 ** 32

interface Sample {
  readonly at: number
  readonly calls: number
  readonly traps: number
}

/** Calls and traps of components on hosts, by what hosts say in their beats; kept for those that are watched. */
export class Traffic {
  /** By component, then host; oldest first. */
  readonly #samples = new Map<string, Map<string, Sample[]>>()
  /** What each host said last: the first sample of what is watched from now on. */
  readonly #latest = new Map<string, { readonly peer: Peer; readonly at: number }>()
  #watched: ReadonlySet<string> = new Set()

  /** Keeps what is said of these components from now on, and forgets the others. */
  watch(ids: ReadonlySet<string>): void {
    const before = this.#watched
    this.#watched = ids
    for (const id of [...this.#samples.keys()]) if (!ids.has(id)) this.#samples.delete(id)
    for (const id of ids.difference(before)) {
      for (const { peer, at } of this.#latest.values()) this.#keep(id, peer, at)
    }
  }

  /** A host has beaten, at `now` of the clock that is asked by. */
  heard(peer: Peer, now: number): void {
    this.#latest.set(peer.host, { peer, at: now })
    for (const id of this.#watched) this.#keep(id, peer, now)
  }

  /** A host is gone. */
  forget(host: string): void {
    this.#latest.delete(host)
  }

  /** Calls that began and trapped on these hosts since a time; 0 of hosts that don't tell. */
  since(id: string, hosts: readonly string[], time: number): { calls: number; traps: number } {
    let calls = 0
    let traps = 0
    for (const host of hosts) {
      const samples = this.#samples.get(id)?.get(host) ?? []
      const last = samples.at(-1)
      const first = samples.findLast(({ at }) => at <= time) ?? samples[0]
      if (!first || !last) continue
      calls += (last.calls - first.calls + wrap) % wrap
      traps += (last.traps - first.traps + wrap) % wrap
    }
    return { calls, traps }
  }

  #keep(id: string, { host, components }: Peer, at: number): void {
    const load = components[id]
    if (!load) return
    const hosts = this.#samples.get(id) ?? new Map<string, Sample[]>()
    this.#samples.set(id, hosts)
    const samples = hosts.get(host) ?? []
    hosts.set(host, samples)
    samples.push({ at, calls: load.calls, traps: load.traps })
    while ((samples[0]?.at ?? at) < at - keptMs) samples.shift()
  }
}
