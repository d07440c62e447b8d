import type { Peer } from '../lattice/beat.ts'
import type { PeerLoad } from './thread-messages.ts'

/** How often the data threads hear how busy the other hosts are: as often as those say it. */
const intervalMs = 1_000

/** Tells `onLoad`, every second, how busy the other hosts that run each component are. */
export function peerLoads(
  hostId: string,
  peers: ReadonlyMap<string, Peer>,
  onLoad: (load: ReadonlyMap<string, PeerLoad>) => void,
): { stop(): void } {
  const timer = setInterval(() => onLoad(meanLoads(hostId, peers.values())), intervalMs)
  return { stop: () => clearInterval(timer) }
}

/** The means over hosts other than `hostId`; a component that runs on no other host is not in the map. */
function meanLoads(
  hostId: string,
  peers: Iterable<Pick<Peer, 'host' | 'components' | 'busy'>>,
): ReadonlyMap<string, PeerLoad> {
  const sums = new Map<string, PeerLoad & { readonly hosts: number }>()
  for (const peer of peers) {
    if (peer.host === hostId) continue
    for (const [id, load] of Object.entries(peer.components)) {
      const sum = sums.get(id) ?? { inFlight: 0, busy: 0, hosts: 0 }
      sums.set(id, {
        inFlight: sum.inFlight + load.inFlight,
        busy: sum.busy + peer.busy,
        hosts: sum.hosts + 1,
      })
    }
  }
  return new Map(
    [...sums].map(([id, { inFlight, busy, hosts }]) => [
      id,
      { inFlight: inFlight / hosts, busy: busy / hosts },
    ]),
  )
}
