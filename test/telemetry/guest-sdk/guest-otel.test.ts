import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { context, logs, metrics, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { type GuestOtel, registerGuestOtel } from '../../../src/telemetry/guest-sdk/guest-otel.ts'
import type { HostSpanContext } from '../../../src/telemetry/guest-sdk/host.ts'

interface Ended {
  readonly name: string
  readonly parentSpanId: string
  readonly spanContext: HostSpanContext
  readonly [field: string]: unknown
}

const outer: HostSpanContext = {
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  traceFlags: { sampled: true },
  isRemote: true,
  traceState: [['vendor', 'x']],
}
const ended: Ended[] = []
const started: HostSpanContext[] = []
const exported: unknown[] = []
const emitted: Record<string, unknown>[] = []
let otel: GuestOtel

before(() => {
  const tracing = {
    onStart: (span: HostSpanContext) => started.push(span),
    onEnd: (span: object) => ended.push(span as Ended),
    outerSpanContext: () => outer,
  }
  const clock = { now: () => ({ seconds: 7n, nanoseconds: 5 }) }
  otel = registerGuestOtel(
    {
      tracing,
      clock,
      metrics: { export: (given) => exported.push(given) },
      logs: { onEmit: (record) => emitted.push(record as Record<string, unknown>) },
    },
    { context, trace, metrics, logs },
  )
})
after(() => {
  for (const api of [context, trace, metrics, logs]) api.disable()
})
beforeEach(() => {
  for (const list of [ended, started, exported, emitted]) list.length = 0
})

const span = (name: string) => ended.find((one) => one.name === name) ?? assert.fail(`no span ${name}`)

describe('through the plain API, a guest', () => {
  test('makes spans under the span of its host', () => {
    trace.getTracer('t').startSpan('one').end()
    const { spanContext, parentSpanId } = span('one')
    assert.deepEqual([spanContext.traceId, parentSpanId], [outer.traceId, outer.spanId])
    assert.deepEqual(spanContext.traceState, outer.traceState)
    assert.deepEqual(started, [spanContext])
  })

  test('has its active span across await, and the one before again when that has ended', async () => {
    const tracer = trace.getTracer('t')
    await tracer.startActiveSpan('parent', async (parent) => {
      await delay(1)
      await tracer.startActiveSpan('child', async (child) => {
        await delay(1)
        tracer.startSpan('grandchild').end()
        child.end()
      })
      assert.equal(trace.getActiveSpan(), parent)
      parent.end()
    })
    assert.equal(trace.getActiveSpan(), undefined)
    assert.equal(span('grandchild').parentSpanId, span('child').spanContext.spanId)
    assert.equal(span('child').parentSpanId, span('parent').spanContext.spanId)
  })

  test('can name a parent, or none', () => {
    const tracer = trace.getTracer('t')
    const parent = tracer.startSpan('parent')
    tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, parent)).end()
    tracer.startSpan('alone', { root: true }).end()
    assert.equal(span('child').parentSpanId, parent.spanContext().spanId)
    assert.equal(span('alone').parentSpanId, '')
    assert.notEqual(span('alone').spanContext.traceId, outer.traceId)
  })

  test('gives attributes, events, links, status and kind with their types', () => {
    const made = trace
      .getTracer('bakery', '2.0')
      .startSpan('all', { kind: SpanKind.CLIENT, attributes: { int: 1 } })
    made.setAttributes({ float: 1.5, text: 'a"b', flag: true, list: [1, 2], texts: ['x'] })
    made.addEvent('event', { at: 2 }, [9, 8])
    made.addLink({ context: made.spanContext(), attributes: { why: 'test' } })
    made.setStatus({ code: SpanStatusCode.ERROR, message: 'burnt' })
    made.recordException(new TypeError('no flour'))
    made.end()
    const { attributes, events, links, status, spanKind, instrumentationScope, endTime } = span('all')
    assert.deepEqual(
      (attributes as { key: string; value: string }[]).map(({ key, value }) => [key, value]),
      [
        ['int', '1'],
        ['float', '1.5'],
        ['text', '"a\\"b"'],
        ['flag', 'true'],
        ['list', '[1,2]'],
        ['texts', '["x"]'],
      ],
    )
    const [event, exception] = events as { name: string; time: object; attributes: { key: string }[] }[]
    assert.deepEqual([event?.name, event?.time], ['event', { seconds: 9n, nanoseconds: 8 }])
    assert.deepEqual(
      exception?.attributes.map(({ key }) => key),
      ['exception.type', 'exception.message', 'exception.stacktrace'],
    )
    assert.equal((links as unknown[]).length, 1)
    assert.deepEqual([status, spanKind], [{ tag: 'error', val: 'burnt' }, 'client'])
    assert.deepEqual(endTime, { seconds: 7n, nanoseconds: 5 })
    assert.equal((instrumentationScope as { name: string }).name, 'bakery')
  })

  test('counts and measures, with examples, as deltas', async () => {
    const meter = metrics.getMeter('m')
    const counter = meter.createCounter('counter', { unit: '{x}' })
    const histogram = meter.createHistogram('histogram', { advice: { explicitBucketBoundaries: [1, 2] } })
    counter.add(1, { a: 'b' })
    counter.add(2, { a: 'b' })
    counter.add(-5, { a: 'b' })
    for (const value of [0.5, 1.5, 9]) histogram.record(value)
    await otel.flush()
    await otel.flush()
    assert.equal(exported.length, 1, 'nothing new, nothing sent')
    const [{ scopeMetrics }] = exported as [{ scopeMetrics: [{ metrics: { name: string; data: Data }[] }] }]
    const data = Object.fromEntries(scopeMetrics[0].metrics.map((metric) => [metric.name, metric.data]))
    const [sum] = data['counter']?.val.dataPoints ?? []
    assert.deepEqual([sum?.value, data['counter']?.val.temporality], [{ tag: 'f64', val: 3 }, 'delta'])
    assert.deepEqual(
      sum?.exemplars.map(({ spanId, value }) => [spanId, value.val]),
      [[outer.spanId, 2]],
    )
    const [point] = data['histogram']?.val.dataPoints ?? []
    assert.deepEqual([point?.count, point?.bucketCounts, point?.max?.val], [3n, [1n, 1n, 1n], 9])
  })

  test('logs under the span that is active', () => {
    const logger = logs.getLogger('l')
    trace.getTracer('t').startActiveSpan('logging', (active) => {
      logger.emit({ severityNumber: 13, severityText: 'WARN', body: { left: 2 }, attributes: { code: 7 } })
      active.end()
    })
    const [record] = emitted
    assert.equal(record?.['spanId'], span('logging').spanContext.spanId)
    assert.deepEqual([record?.['severityNumber'], record?.['body']], [13, '{"left":2}'])
    assert.deepEqual(record?.['attributes'], [{ key: 'code', value: '7' }])
  })
})

interface Data {
  readonly val: {
    readonly temporality?: string
    readonly dataPoints: {
      readonly value?: object
      readonly count?: bigint
      readonly bucketCounts?: readonly bigint[]
      readonly max?: { readonly val: number }
      readonly exemplars: readonly { readonly spanId: string; readonly value: { readonly val: number } }[]
    }[]
  }
}
