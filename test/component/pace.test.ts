import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pace } from '../../src/component/pace.ts'
import { paceMemory } from '../../src/component/pace-words.ts'

test('a thread that goes behind others sleeps before each further turn of its guests', async () => {
  const pace = new Pace(paceMemory(), { turnMs: 5, restMs: 10 })
  const before = performance.now()
  for (let turn = 0; turn < 5; turn++) await pace.turn()
  assert.ok(performance.now() - before >= 45)
  assert.equal(pace.isSliceOver(), false)
})
