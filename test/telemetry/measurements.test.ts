import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Measurements } from '../../src/telemetry/measurements.ts'

test('what is measured for two sets of labels counts for both, also where there are too many series', () => {
  const measurements = new Measurements('data-0', (id) => ({ service: id, hostId: 'NHOST', hostName: 'fox' }))
  const calls = 2100
  for (let call = 0; call < calls; call += 1) {
    const labels = (side: string) => ({ component: `c${call}`, side })
    measurements.histogram('callDuration', labels('client'), labels('server')).observe(0.001)
  }
  const { histograms, counters } = measurements.take()
  const counts = new Map<string, number>()
  for (const { state } of histograms) {
    const { side = 'overflow' } = state.labels
    counts.set(side, (counts.get(side) ?? 0) + state.count)
  }
  assert.deepEqual(Object.fromEntries(counts), { client: 2000, server: 2000, overflow: 200 })
  assert.deepEqual(
    counters.map(({ metric, value }) => [metric, value]),
    [['seriesOverflow', 200]],
  )
})
