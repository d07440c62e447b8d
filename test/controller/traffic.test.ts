import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Traffic } from '../../src/controller/traffic.ts'

function beat(host: string, calls: number, traps: number) {
  return {
    host,
    friendlyName: host,
    busy: 0,
    time: 0,
    processes: {},
    components: { web: { inFlight: 0, waiting: 0, max: 1, calls, traps } },
  }
}

test('calls and traps are counted from a time on, over the hosts that are asked about', () => {
  const traffic = new Traffic()
  traffic.watch(new Set(['web']))
  for (const [at, calls, traps] of [
    [0, 100, 10],
    [1000, 110, 10],
    [2000, 130, 15],
  ] as const) {
    traffic.heard(beat('a', calls, traps), at)
    traffic.heard(beat('b', calls * 2, 0), at)
  }
  assert.deepEqual(traffic.since('web', ['a'], 1000), { calls: 20, traps: 5 })
  assert.deepEqual(traffic.since('web', ['a', 'b'], 0), { calls: 90, traps: 5 })
  assert.deepEqual(traffic.since('web', ['a'], -5000), { calls: 30, traps: 5 }, 'what it knows')
  assert.deepEqual(traffic.since('web', ['c'], 0), { calls: 0, traps: 0 })
})

test('counters that wrap around count on', () => {
  const traffic = new Traffic()
  traffic.watch(new Set(['web']))
  traffic.heard(beat('a', 2 ** 32 - 5, 0), 0)
  traffic.heard(beat('a', 5, 0), 1)
  assert.deepEqual(traffic.since('web', ['a'], 0), { calls: 10, traps: 0 })
})

test('what is watched counts from what was heard last before', () => {
  const traffic = new Traffic()
  traffic.heard(beat('a', 1, 1), 0)
  traffic.heard(beat('a', 2, 1), 1)
  traffic.watch(new Set(['web']))
  traffic.heard(beat('a', 5, 5), 2)
  assert.deepEqual(traffic.since('web', ['a'], 0), { calls: 3, traps: 4 })
  traffic.watch(new Set())
  assert.deepEqual(traffic.since('web', ['a'], 0), { calls: 0, traps: 0 })
})
