import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Garbage } from '../../src/component/garbage.ts'

const mib = 1024 * 1024

test('memory that was let go is collected once there is much of it, every ten seconds at most', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  let collected = 0
  const garbage = new Garbage(() => {
    collected += 1
  })
  garbage.add(40 * mib)
  t.mock.timers.tick(60_000)
  assert.equal(collected, 0)
  garbage.add(30 * mib)
  garbage.add(100 * mib)
  // Calls that are over keep what they failed with until they are described.
  t.mock.timers.tick(99)
  assert.equal(collected, 0)
  t.mock.timers.tick(1)
  assert.equal(collected, 1)
  garbage.add(100 * mib)
  garbage.add(100 * mib)
  t.mock.timers.tick(9_000)
  assert.equal(collected, 1)
  t.mock.timers.tick(1_000)
  assert.equal(collected, 2)
})
