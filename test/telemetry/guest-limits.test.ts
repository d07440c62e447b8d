import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultOtelLimits } from '../../src/capability/otel.ts'
import { guestLimits } from '../../src/telemetry/guest-limits.ts'

test('limits of guests’ telemetry are the defaults, also where a variable is nonsense', () => {
  assert.deepEqual(guestLimits({}), defaultOtelLimits)
  const nonsense = {
    OTEL_SPAN_EVENT_COUNT_LIMIT: '-1',
    OTEL_ATTRIBUTE_COUNT_LIMIT: 'many',
    WEFT_GUEST_SPAN_LIMIT: '',
  }
  assert.deepEqual(guestLimits(nonsense), defaultOtelLimits)
})

test('each standard variable sets its limit, the general one where there is no other', () => {
  const limits = guestLimits({
    OTEL_ATTRIBUTE_COUNT_LIMIT: '64',
    OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '100',
    OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '32',
    OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT: '50',
    OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: '8',
    OTEL_SPAN_EVENT_COUNT_LIMIT: '4',
    OTEL_SPAN_LINK_COUNT_LIMIT: '0',
    WEFT_GUEST_SPAN_LIMIT: '10',
    WEFT_GUEST_LOG_LIMIT: '11',
    WEFT_GUEST_POINT_LIMIT: '12',
  })
  assert.deepEqual(limits, {
    span: { attributes: 32, valueLength: 100 },
    event: { attributes: 8, valueLength: 100 },
    link: { attributes: 64, valueLength: 100 },
    logRecord: { attributes: 64, valueLength: 50 },
    point: defaultOtelLimits.point,
    events: 4,
    links: 0,
    spans: 10,
    logs: 11,
    points: 12,
  })
})
