import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CallSession } from '../../src/call/session.ts'
import { type RouteOptions, route } from '../../src/host/route.ts'
import { sampleCall } from '../support/sample-call.ts'

async function way(options: Partial<RouteOptions>): Promise<unknown> {
  return route({
    providers: { serves: () => false },
    components: { load: () => undefined },
    peerLoad: () => undefined,
    busy: () => 0,
    toProvider: async () => 'here',
    toComponent: async () => 'here',
    invokeRemote: async () => 'remote',
    ...options,
  })(sampleCall())
}
const runsHere = (active: number, free = true) => ({ components: { load: () => ({ active, free }) } })

test('what runs nowhere on this thread goes out', async () => assert.equal(await way({}), 'remote'))

test('a provider of this thread answers', async () =>
  assert.equal(await way({ providers: { serves: () => true } }), 'here'))

test('a component that only this host runs is taken here, even when it must wait', async () =>
  assert.equal(await way(runsHere(10, false)), 'here'))

test('a component is taken here while this host has no more in flight than the others', async () => {
  const peerLoad = () => ({ inFlight: 2, busy: 0 })
  assert.equal(await way({ ...runsHere(2), peerLoad }), 'here')
  assert.equal(await way({ ...runsHere(3), peerLoad }), 'remote')
})

test('without a free permit the others are asked', async () =>
  assert.equal(await way({ ...runsHere(0, false), peerLoad: () => ({ inFlight: 5, busy: 0 }) }), 'remote'))

test('a saturated thread sends work to peers that are clearly less busy', async () => {
  assert.equal(
    await way({ ...runsHere(0), busy: () => 0.95, peerLoad: () => ({ inFlight: 0, busy: 0.3 }) }),
    'remote',
  )
  assert.equal(
    await way({ ...runsHere(0), busy: () => 0.95, peerLoad: () => ({ inFlight: 0, busy: 0.9 }) }),
    'here',
  )
})

test('a call that passes resources stays on this thread, or fails with what to do', async () => {
  const session = new CallSession()
  const go = (options: Partial<RouteOptions>) =>
    route({
      providers: { serves: () => false },
      components: { load: () => undefined },
      peerLoad: () => ({ inFlight: 0, busy: 0 }),
      busy: () => 1,
      toProvider: async () => 'here',
      toComponent: async () => 'here',
      invokeRemote: async () => 'remote',
      ...options,
    })
  assert.equal(await go(runsHere(10, false))({ ...sampleCall(), session }), 'here')
  await assert.rejects(go({})({ ...sampleCall(), session }), {
    code: 'unavailable',
    message: /passes resources, which do not cross the lattice.*run both on the same hosts, or compose them/,
  })
})
