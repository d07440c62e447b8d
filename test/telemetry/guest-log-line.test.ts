import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OtelLog } from '../../src/capability/otel.ts'
import { guestLogLine } from '../../src/telemetry/guest-log-line.ts'

const record: OtelLog = {
  time: 1_700_000_000_123_456_789n,
  observed: 1_700_000_000_200_000_000n,
  severity: 9,
  severityText: 'INFO',
  body: 'order of 3',
  attributes: { item: 'tea', count: 3, large: 5n, component: 'somebody else' },
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  scope: { name: 'shop' },
}

test('a log record of a guest is a line of its component, with its trace', () => {
  assert.deepEqual(guestLogLine('observed', record), {
    time: 1_700_000_000_123,
    level: 'info',
    message: 'order of 3',
    attributes: {
      item: 'tea',
      count: 3,
      large: 5,
      component: 'observed',
      stream: 'wasi:otel',
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
    },
  })
})

test('severity numbers are levels, and what is no text is written as JSON', () => {
  const level = (severity: number) => guestLogLine('a', { ...record, severity }).level
  assert.deepEqual([0, 1, 5, 12, 13, 17, 24].map(level), [
    'info',
    'trace',
    'debug',
    'info',
    'warn',
    'error',
    'error',
  ])
  const body = { map: { size: 5n, weight: { double: 2.5 }, of: ['a', Uint8Array.of(1)], huge: 2n ** 62n } }
  assert.equal(
    guestLogLine('a', { ...record, body }).message,
    '{"size":5,"weight":2.5,"of":["a","AQ=="],"huge":"4611686018427387904"}',
  )
  const { attributes } = guestLogLine('a', { ...record, attributes: { list: [1n, 2n], part: { double: 1 } } })
  assert.deepEqual([attributes['list'], attributes['part']], ['[1,2]', 1])
  assert.equal(guestLogLine('a', { ...record, time: 0n }).time, 1_700_000_000_200)
})
