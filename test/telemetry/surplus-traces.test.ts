import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TraceId } from '../../src/call/trace-context.ts'
import { surplusTraces } from '../../src/telemetry/surplus-traces.ts'

/** Runs `perSecond` traces of three spans a second for `seconds`; gives how many were kept whole in each second. */
function keptOf(
  isSurplus: ReturnType<typeof surplusTraces>,
  clock: { ms: number },
  perSecond: number,
  seconds: number,
) {
  return Array.from({ length: seconds }, () => {
    let kept = 0
    let torn = 0
    for (let index = 0; index < perSecond; index += 1) {
      const id = TraceId.new()
      const answers = new Set([1, 2, 3].map(() => isSurplus(id, clock.ms)))
      if (answers.size > 1) torn += 1
      else if (answers.has(false)) kept += 1
    }
    assert.ok(torn <= 8, 'traces are kept whole but for those that run while the share shrinks')
    clock.ms += 1000
    return kept
  })
}

test('all traces are kept while they are few, a share of them as soon as they are many, all again after it', () => {
  const clock = { ms: 0 }
  const isSurplus = surplusTraces()
  assert.deepEqual(keptOf(isSurplus, clock, 150, 3), [150, 150, 150])
  const loaded = keptOf(isSurplus, clock, 10_000, 5)
  for (const kept of loaded) assert.ok(kept > 20 && kept < 700, String(loaded))
  assert.equal(keptOf(isSurplus, clock, 150, 6).at(-1), 150)
})

test('two threads under the same load keep the same traces', () => {
  const clock = { ms: 0 }
  const [one, other] = [surplusTraces(), surplusTraces()]
  const ids = Array.from({ length: 5000 }, () => TraceId.new())
  for (const isSurplus of [one, other]) for (const id of ids) isSurplus(id, clock.ms)
  clock.ms += 1000
  const keptBy = (isSurplus: typeof one) => ids.map((id) => isSurplus(id, clock.ms))
  assert.deepEqual(keptBy(one), keptBy(other))
})

test('after a pause the first traces are kept, whatever the load was before', () => {
  const clock = { ms: 0 }
  const isSurplus = surplusTraces()
  keptOf(isSurplus, clock, 10_000, 5)
  clock.ms += 10_000
  assert.deepEqual(keptOf(isSurplus, clock, 10, 1), [10])
})
