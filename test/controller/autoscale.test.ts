import assert from 'node:assert/strict'
import { test } from 'node:test'
import { autoscale, type Demand, type ScaleHistory, startHistory } from '../../src/controller/autoscale.ts'
import type { Autoscaler } from '../../src/manifest/read-autoscaler.ts'

const rule: Autoscaler = {
  min: 1,
  max: 100,
  target: { inFlight: 0.5 },
  upAfterMs: 0,
  downAfterMs: 10_000,
  idleAfterMs: 20_000,
}

/** Looks once a second at a load that `inFlight` gives for each second; gives the instances of each second. */
function follow(
  load: readonly (number | Omit<Demand, 'at'>)[],
  options: { readonly rule?: Partial<Autoscaler>; readonly from?: number } = {},
): number[] {
  let history: ScaleHistory = startHistory(options.from ?? 1, 0)
  return load.map((each, second) => {
    const demand = typeof each === 'number' ? { inFlight: each, requestsPerSecond: 0 } : each
    history = autoscale({ ...rule, ...options.rule }, history, { at: (second + 1) * 1000, ...demand })
    return history.instances
  })
}
const seconds = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)

test('load brings as many instances as carry it, within min and max', () => {
  assert.equal(follow(seconds(5, 10)).at(-1), 20)
  assert.equal(follow(seconds(5, 1000)).at(-1), 100)
  assert.equal(follow(seconds(60, 0), { rule: { min: 4 }, from: 4 }).at(-1), 4)
})

test('what is measured is the mean of three seconds, so that one moment does not scale', () => {
  assert.deepEqual(follow([0, 0, 30, 0, 0, 0]), [1, 1, 20, 20, 20, 20])
  assert.deepEqual(follow([30, 30, 30]), [60, 60, 60])
})

test('more comes only when load asked for more all through the upper window', () => {
  const rule = { upAfterMs: 5000 }
  assert.deepEqual(follow(seconds(8, 10), { rule }), [1, 1, 1, 1, 1, 20, 20, 20])
  assert.deepEqual(
    follow([10, 10, 10, 0, 0, 0, 0, 10, 10, 10], { rule }).at(-1),
    1,
    'load that comes and goes',
  )
})

test('fewer come only when load asked for fewer all through the lower window', () => {
  const load = [...seconds(3, 20), ...seconds(14, 5)]
  const instances = follow(load)
  assert.equal(instances[2], 40)
  // The mean falls to 10 instances in the sixth second; ten seconds later the window has seen nothing else.
  assert.deepEqual(instances.slice(11, 14), [40, 40, 30])
  assert.equal(instances.at(-1), 10)
})

test('load that swings is followed by its peaks', () => {
  const swing = Array.from({ length: 40 }, (_, second) => (second % 6 < 3 ? 20 : 2))
  assert.deepEqual(new Set(follow(swing).slice(5)), new Set([40]))
})

test('with a min of 0 it sleeps when nobody has called it for the idle time, and not before', () => {
  const instances = follow([...seconds(3, 2), ...seconds(40, 0)], { rule: { min: 0 } })
  assert.equal(instances[21], 1)
  assert.equal(instances[22], 0)
  const calls = { inFlight: 0, requestsPerSecond: 0.2 }
  assert.equal(follow(seconds(60, calls), { rule: { min: 0 } }).at(-1), 1, 'short calls count, too')
})

test('without a min of 0 nothing sleeps', () => {
  assert.equal(follow(seconds(60, 0)).at(-1), 1)
})

test('requests per second are carried by as many instances as the target says', () => {
  const target = { requestsPerSecond: 50 }
  assert.equal(follow(seconds(5, { inFlight: 0, requestsPerSecond: 420 }), { rule: { target } }).at(-1), 9)
})

test('a metric of somebody else scales; while nobody tells it, all stays as it is', () => {
  const target = { metric: { name: 'orders', value: 20 } }
  const idle = { inFlight: 0, requestsPerSecond: 0 }
  assert.equal(follow(seconds(3, { ...idle, metric: 130 }), { rule: { target } }).at(-1), 7)
  assert.equal(follow(seconds(90, idle), { rule: { target }, from: 7 }).at(-1), 7)
})

test('of several targets the one that asks for most counts', () => {
  const target = { inFlight: 1, requestsPerSecond: 10 }
  assert.equal(follow(seconds(3, { inFlight: 4, requestsPerSecond: 90 }), { rule: { target } }).at(-1), 9)
  assert.equal(follow(seconds(3, { inFlight: 40, requestsPerSecond: 90 }), { rule: { target } }).at(-1), 40)
})
