import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newTraceId } from '../../src/call/trace-context.ts'
import { surplusTraces } from '../../src/telemetry/surplus-traces.ts'

/** Runs `perSecond` traces of three spans a second for `seconds`; gives how many were kept in each second. */
function keptOf(
  isSurplus: ReturnType<typeof surplusTraces>,
  clock: { ms: number },
  perSecond: number,
  seconds: number,
) {
  return Array.from({ length: seconds }, () => {
    let kept = 0
    for (let index = 0; index < perSecond; index += 1) {
      const traceId = newTraceId()
      const answers = new Set([1, 2, 3].map(() => isSurplus(traceId, clock.ms)))
      assert.equal(answers.size, 1, 'a trace is kept whole')
      if (answers.has(false)) kept += 1
    }
    clock.ms += 1000
    return kept
  })
}

test('all traces are kept while they are few, a share of them under load, all again after it', () => {
  const clock = { ms: 0 }
  const isSurplus = surplusTraces()
  assert.deepEqual(keptOf(isSurplus, clock, 150, 3), [150, 150, 150])
  const loaded = keptOf(isSurplus, clock, 10_000, 5)
  assert.equal(loaded[0], 10_000)
  for (const kept of loaded.slice(2)) assert.ok(kept > 150 && kept < 700, String(loaded))
  assert.equal(keptOf(isSurplus, clock, 150, 6).at(-1), 150)
})

test('two threads under the same load keep the same traces', () => {
  const clock = { ms: 0 }
  const [one, other] = [surplusTraces(), surplusTraces()]
  const ids = Array.from({ length: 5000 }, newTraceId)
  for (const isSurplus of [one, other]) for (const id of ids) isSurplus(id, clock.ms)
  clock.ms += 1000
  const keptBy = (isSurplus: typeof one) => ids.map((id) => isSurplus(id, clock.ms))
  assert.deepEqual(keptBy(one), keptBy(other))
})
