import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deliveryIntervalMs, exportIntervalMs } from '../../src/telemetry/metric-intervals.ts'

test('metrics are exported once a minute, or as often as the variable says', () => {
  const every = (interval: string | undefined) => exportIntervalMs({ OTEL_METRIC_EXPORT_INTERVAL: interval })
  assert.equal(every(undefined), 60_000)
  assert.equal(every('15000'), 15_000)
  // A timer of Node goes off at once where it is given more.
  for (const odd of ['', 'often', '0', '-1', '2147483648']) assert.equal(every(odd), 60_000)
})

test('threads hand on what they measured every five seconds, more often where it is exported so, within reason', () => {
  const every = (interval: string) => deliveryIntervalMs({ OTEL_METRIC_EXPORT_INTERVAL: interval })
  assert.equal(every(''), 5000)
  assert.equal(every('300'), 300)
  assert.equal(every('1'), 100)
})
