import type { Peer } from '../lattice/beat.ts'

/** How often the data threads hear how busy the other hosts are: as often as those say it. */
const intervalMs = 1_000

/** Tells `onLoad`, every second, the mean invocations in flight of each component over the other hosts that run it. */
export function peerLoads(
  hostId: string,
  peers: ReadonlyMap<string, Peer>,
  onLoad: (load: ReadonlyMap<string, number>) => void,
): { stop(): void } {
  const timer = setInterval(() => onLoad(meanLoads(hostId, peers.values())), intervalMs)
  return { stop: () => clearInterval(timer) }
}

/** The mean over hosts other than `hostId`; a component that runs on no other host is not in the map. */
export function meanLoads(hostId: string, peers: Iterable<Peer>): ReadonlyMap<string, number> {
  const sums = new Map<string, { total: number; hosts: number }>()
  for (const peer of peers) {
    if (peer.host === hostId) continue
    for (const [id, { inFlight }] of Object.entries(peer.components)) {
      const sum = sums.get(id) ?? { total: 0, hosts: 0 }
      sums.set(id, { total: sum.total + inFlight, hosts: sum.hosts + 1 })
    }
  }
  return new Map([...sums].map(([id, { total, hosts }]) => [id, total / hosts]))
}
