import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Command } from '../../src/controller/command.ts'
import { Relapses } from '../../src/controller/relapses.ts'

const start: Command = {
  app: 'my-app',
  part: 'workload hello',
  target: 'hello on a',
  deed: { do: 'delete config', name: 'stands for a start' },
}
const untried = () => false

test('what is given up stays away 5, 10, 20 … 300 s', () => {
  const relapses = new Relapses()
  let now = 0
  const pauses = Array.from({ length: 8 }, () => {
    relapses.gaveUp(start, 'no', now)
    const gaveUpAt = now
    while (relapses.holds(start.target, now)) now += 1000
    return (now - gaveUpAt) / 1000
  })
  assert.deepEqual(pauses, [5, 10, 20, 40, 80, 160, 300, 300])
})

test('it is a failure while it is missing, and due when its pause is over', () => {
  const relapses = new Relapses()
  relapses.gaveUp(start, 'no', 0)
  assert.deepEqual(relapses.failures('my-app'), [], 'nobody wants it')
  relapses.planned('my-app', [start])
  const { app, part, target } = start
  assert.deepEqual(relapses.failures('my-app'), [{ app, part, target, error: 'no', tries: 1 }])
  assert.deepEqual([...relapses.dueApps(4_999, untried)], [])
  assert.deepEqual([...relapses.dueApps(5_000, untried)], ['my-app'])
  assert.deepEqual([...relapses.dueApps(5_000, () => true)], [], 'it was started again')
  relapses.planned('my-app', [])
  assert.deepEqual(relapses.failures('my-app'), [])
})

test('what was well for a quarter of an hour begins anew', () => {
  const relapses = new Relapses()
  relapses.gaveUp(start, 'no', 0)
  relapses.gaveUp(start, 'no', 1_000_000)
  assert.equal(relapses.holds(start.target, 1_004_999), true)
  assert.equal(relapses.holds(start.target, 1_005_000), false)
})
