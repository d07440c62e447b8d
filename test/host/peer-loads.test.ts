import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { peerLoads } from '../../src/host/peer-loads.ts'
import type { PeerLoad } from '../../src/host/thread-messages.ts'
import type { Peer } from '../../src/lattice/beat.ts'

const peer = (host: string, inFlight: number, busy: number): Peer => ({
  host,
  friendlyName: host,
  components: { hello: { inFlight, max: 10, waiting: 0, calls: 0, traps: 0 } },
  processes: {},
  busy,
  time: 0,
})

/** What the data threads of host `me` are told after a second. */
function toldOf(t: TestContext, ...peers: readonly Peer[]): ReadonlyMap<string, PeerLoad> | undefined {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let told: ReadonlyMap<string, PeerLoad> | undefined
  const loads = peerLoads('me', new Map(peers.map((one) => [one.host, one])), (load) => {
    told = load
  })
  t.mock.timers.tick(1_000)
  loads.stop()
  return told
}

test('the mean is taken over the other hosts', (t) => {
  const told = toldOf(t, peer('me', 100, 1), peer('a', 2, 0.25), peer('b', 4, 0.75))
  assert.deepEqual(told?.get('hello'), { inFlight: 3, busy: 0.5 })
})

test('a component that runs on no other host has no load', (t) => {
  assert.deepEqual(toldOf(t, peer('me', 1, 0)), new Map())
})
