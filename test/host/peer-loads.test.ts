import assert from 'node:assert/strict'
import { test } from 'node:test'
import { meanLoads } from '../../src/host/peer-loads.ts'

const peer = (host: string, inFlight: number, busy: number) => ({
  host,
  friendlyName: host,
  components: { hello: { inFlight, max: 10, waiting: 0, calls: 0, traps: 0 } },
  busy,
  time: 0,
})

test('the mean is taken over the other hosts', () => {
  const loads = meanLoads('me', [peer('me', 100, 1), peer('a', 2, 0.25), peer('b', 4, 0.75)])
  assert.deepEqual(loads.get('hello'), { inFlight: 3, busy: 0.5 })
})

test('a component that runs on no other host has no load', () => {
  assert.equal(meanLoads('me', [peer('me', 1, 0)]).get('hello'), undefined)
})
