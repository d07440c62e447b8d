import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OtlpGroup } from '../../src/telemetry/otlp-common.ts'
import { encodeJson } from '../../src/telemetry/otlp-json.ts'
import { type OtlpLog, writeLogs } from '../../src/telemetry/otlp-logs.ts'
import { type OtlpMetric, writeMetrics } from '../../src/telemetry/otlp-metrics.ts'
import { encodeProtobuf } from '../../src/telemetry/otlp-protobuf.ts'
import { spansField, writeSpan, writeSpans } from '../../src/telemetry/otlp-spans.ts'
import type { OtlpMessage } from '../../src/telemetry/otlp-writer.ts'
import type { SpanRecord } from '../../src/telemetry/span.ts'
import { decodeOtlp } from '../support/decode-otlp.ts'

const traceId = '0123456789abcdef0123456789abcdef'
const spanId = '00000000000000f1'

test('a span is the same in protobuf and in JSON, with all that it can have', () => {
  const span: SpanRecord = {
    traceId,
    spanId,
    parentSpanId: 'ffffffffffffffff',
    traceState: 'vendor=a',
    name: 'größe 🦊 '.repeat(20),
    kind: 'server',
    start: 1_763_700_000_123.456,
    end: 1_763_700_000_124,
    attributes: { text: 'a', none: '', whole: 7, negative: -7, part: 1.5, yes: true, list: ['a', 'b'] },
    events: [{ name: 'exception', time: 1_763_700_000_123.5, attributes: { 'exception.type': 'trapped' } }],
    links: [{ traceId, spanId, traceState: 'x=y', attributes: { n: 1 } }],
    status: { code: 'error', message: 'it trapped' },
    resource: { service: 'greeter', hostId: 'N1', hostName: 'oak' },
    dropped: { attributes: 1, events: 2, links: 3 },
  }
  const sent = both('traces', [groupOf(encodedSpan(span))], writeSpans)
  assert.deepEqual(sent, {
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'greeter' } }] },
        scopeSpans: [
          {
            scope: { name: 'weft', version: '1' },
            spans: [
              {
                traceId,
                spanId,
                traceState: 'vendor=a',
                parentSpanId: 'ffffffffffffffff',
                name: span.name,
                kind: 2,
                startTimeUnixNano: '1763700000123456055',
                endTimeUnixNano: '1763700000124000000',
                attributes: [
                  { key: 'text', value: { stringValue: 'a' } },
                  { key: 'none', value: { stringValue: '' } },
                  { key: 'whole', value: { intValue: '7' } },
                  { key: 'negative', value: { intValue: '-7' } },
                  { key: 'part', value: { doubleValue: 1.5 } },
                  { key: 'yes', value: { boolValue: true } },
                  {
                    key: 'list',
                    value: { arrayValue: { values: [{ stringValue: 'a' }, { stringValue: 'b' }] } },
                  },
                ],
                events: [
                  {
                    timeUnixNano: '1763700000123500000',
                    name: 'exception',
                    attributes: [{ key: 'exception.type', value: { stringValue: 'trapped' } }],
                  },
                ],
                links: [
                  {
                    traceId,
                    spanId,
                    traceState: 'x=y',
                    attributes: [{ key: 'n', value: { intValue: '1' } }],
                    flags: 1,
                  },
                ],
                droppedAttributesCount: 1,
                droppedEventsCount: 2,
                droppedLinksCount: 3,
                status: { message: 'it trapped', code: 2 },
                flags: 0x301,
              },
            ],
            schemaUrl: 'https://opentelemetry.io/schemas/1.45.0',
          },
        ],
      },
    ],
  })
})

test('a log record keeps body, severity and span', () => {
  const record: OtlpLog = {
    time: 1_763_700_000_123_456_789n,
    observed: 1000,
    severity: 13,
    severityText: 'WARN',
    body: { map: { list: [1, { double: 1 }], bytes: new Uint8Array([1, 2]), big: 2n ** 63n - 1n } },
    attributes: { stream: 'stderr', left: undefined },
    traceId,
    spanId,
    eventName: 'e',
    droppedAttributes: 4,
  }
  const sent = both('logs', [groupOf(record)], writeLogs) as {
    resourceLogs: { scopeLogs: { logRecords: unknown[] }[] }[]
  }
  assert.deepEqual(sent.resourceLogs[0]?.scopeLogs[0]?.logRecords[0], {
    timeUnixNano: '1763700000123456789',
    observedTimeUnixNano: '1000000000',
    severityNumber: 13,
    severityText: 'WARN',
    body: {
      kvlistValue: {
        values: [
          { key: 'list', value: { arrayValue: { values: [{ intValue: '1' }, { doubleValue: 1 }] } } },
          { key: 'bytes', value: { bytesValue: 'AQI=' } },
          { key: 'big', value: { intValue: '9223372036854775807' } },
        ],
      },
    },
    attributes: [{ key: 'stream', value: { stringValue: 'stderr' } }],
    droppedAttributesCount: 4,
    flags: 1,
    traceId,
    spanId,
    eventName: 'e',
  })
})

test('every kind of metric is the same in protobuf and in JSON, exemplars included', () => {
  const times = { start: 1000, time: 2000, attributes: { component: 'a' } }
  const exemplars = [{ time: 1500, value: 0.25, traceId, spanId, attributes: { key: 'v' } }]
  const sent = { startTimeUnixNano: '1000000000', timeUnixNano: '2000000000' }
  const labels = [{ key: 'component', value: { stringValue: 'a' } }]
  const example = {
    timeUnixNano: '1500000000',
    asDouble: 0.25,
    spanId,
    traceId,
    filteredAttributes: [{ key: 'key', value: { stringValue: 'v' } }],
  }
  const named = { name: 'm', description: 'd', unit: 's' }
  const cases: [OtlpMetric['data'], object][] = [
    [
      { kind: 'gauge', points: [{ ...times, value: 0 }] },
      { gauge: { dataPoints: [{ ...sent, asDouble: 0, attributes: labels }] } },
    ],
    [
      { kind: 'sum', isMonotonic: true, temporality: 'delta', points: [{ ...times, value: 5n, exemplars }] },
      {
        sum: {
          dataPoints: [{ ...sent, asInt: '5', exemplars: [example], attributes: labels }],
          aggregationTemporality: 1,
          isMonotonic: true,
        },
      },
    ],
    [
      {
        kind: 'histogram',
        temporality: 'cumulative',
        points: [
          {
            ...times,
            count: 300,
            sum: 75,
            min: 0.25,
            max: 0.25,
            bounds: [0.5, 1],
            counts: [300, 0, 0],
            exemplars,
          },
        ],
      },
      {
        histogram: {
          dataPoints: [
            {
              ...sent,
              count: '300',
              sum: 75,
              min: 0.25,
              max: 0.25,
              bucketCounts: ['300', '0', '0'],
              explicitBounds: [0.5, 1],
              exemplars: [example],
              attributes: labels,
            },
          ],
          aggregationTemporality: 2,
        },
      },
    ],
    [
      {
        kind: 'exponentialHistogram',
        temporality: 'cumulative',
        points: [
          {
            ...times,
            count: 3,
            sum: 1,
            scale: -3,
            zeroCount: 1,
            zeroThreshold: 0,
            positive: { offset: -2, counts: [1, 300] },
            negative: { offset: 0, counts: [] },
          },
        ],
      },
      {
        exponentialHistogram: {
          dataPoints: [
            {
              ...sent,
              count: '3',
              sum: 1,
              scale: -3,
              zeroCount: '1',
              positive: { offset: -2, bucketCounts: ['1', '300'] },
              negative: { offset: 0 },
              zeroThreshold: 0,
              attributes: labels,
            },
          ],
          aggregationTemporality: 2,
        },
      },
    ],
  ]
  for (const [data, expected] of cases) {
    const decoded = both('metrics', [groupOf({ ...named, data })], writeMetrics) as {
      resourceMetrics: { scopeMetrics: { metrics: unknown[] }[] }[]
    }
    assert.deepEqual(decoded.resourceMetrics[0]?.scopeMetrics[0]?.metrics[0], { ...named, ...expected })
  }
})

test('messages of any length have the right length before them', () => {
  for (const length of [0, 1, 40, 47, 48, 100, 127, 128, 200, 16_383, 16_384, 70_000]) {
    const record: OtlpLog = {
      time: 1,
      observed: 1,
      severity: 9,
      severityText: 'INFO',
      body: 'é'.repeat(length),
      attributes: {},
    }
    const sent = both('logs', [groupOf(record), groupOf(record)], writeLogs) as { resourceLogs: unknown[] }
    assert.equal(sent.resourceLogs.length, 2)
  }
})

/** What a collector reads, when it reads the same from protobuf and from JSON. */
function both<T>(
  signal: 'traces' | 'metrics' | 'logs',
  value: T,
  write: OtlpMessage<T>,
): Record<string, unknown> {
  const fromJson: unknown = JSON.parse(Buffer.from(encodeJson(value, write)).toString())
  const fromProtobuf = decodeOtlp(signal, encodeProtobuf(value, write))
  assert.deepEqual(fromProtobuf, fromJson)
  return fromProtobuf
}

/** As a thread hands it on: a field of `ScopeSpans`. */
function encodedSpan(span: SpanRecord): Uint8Array {
  return encodeProtobuf(span, (out, value) => out.message(spansField, value, writeSpan))
}

function groupOf<T>(item: T): OtlpGroup<T> {
  const scope = { name: 'weft', version: '1', schemaUrl: 'https://opentelemetry.io/schemas/1.45.0' }
  return { resource: { 'service.name': 'greeter' }, scopes: [{ scope, items: [item] }] }
}
