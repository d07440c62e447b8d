import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newTraceId } from '../../src/call/trace-context.ts'
import { parseSpans } from '../../src/telemetry/parse-spans.ts'
import { encodeSpanMessages } from '../../src/telemetry/publish-spans.ts'
import type { SpanRecord } from '../../src/telemetry/span.ts'
import { TraceStore } from '../../src/telemetry/trace-store.ts'
import { sampleSpan } from '../support/sample-span.ts'

function put(store: TraceStore, ...spans: readonly SpanRecord[]): void {
  for (const message of encodeSpanMessages(spans)) store.accept(message)
}

const text = (value: unknown) => Buffer.from(JSON.stringify(value))
const madeBy = (service: string, hostName = 'brave-fox') => ({ service, hostId: hostName, hostName })

test('the latest traces come first, summed up over hosts', () => {
  const store = new TraceStore()
  const [older, newer] = ['a'.repeat(32), 'b'.repeat(32)]
  const root = sampleSpan({
    traceId: newer,
    name: 'GET',
    start: 1000,
    end: 1050,
    resource: madeBy('http-server'),
  })
  const child = { traceId: newer, parentSpanId: root.spanId, start: 1010, end: 1020 }
  put(store, sampleSpan({ traceId: older }))
  put(store, sampleSpan({ ...child, resource: madeBy('hello', 'calm-owl'), status: { code: 'error' } }))
  put(store, root)
  const [latest, ...others] = store.latest()
  assert.deepEqual(latest, {
    traceId: newer,
    name: 'GET',
    service: 'http-server',
    hasRoot: true,
    start: 1000,
    durationMs: 50,
    spans: 2,
    errors: 1,
    services: ['hello', 'http-server'],
    hosts: ['calm-owl', 'brave-fox'],
  })
  assert.deepEqual(
    others.map((trace) => trace.traceId),
    [older],
  )
})

test('traces are found by component, by error, by duration and by prefix', () => {
  const store = new TraceStore()
  const [slow, failed, plain] = ['a1', 'a2', 'b3'].map((start) => start.padEnd(32, '0'))
  put(store, sampleSpan({ traceId: slow as string, start: 0, end: 900 }))
  put(store, sampleSpan({ traceId: failed as string, status: { code: 'error' } }))
  put(store, sampleSpan({ traceId: plain as string, resource: madeBy('other') }))
  const ids = (query: Parameters<TraceStore['latest']>[0]) =>
    store.latest(query).map((trace) => trace.traceId)
  assert.deepEqual(ids({ component: 'other' }), [plain])
  assert.deepEqual(ids({ errors: true }), [failed])
  assert.deepEqual(ids({ minDurationMs: 100 }), [slow])
  assert.deepEqual(ids({ limit: 1 }), [plain])
  assert.deepEqual(store.idsWithPrefix('A'), [failed, slow])
  assert.equal(store.spansOf(slow as string).length, 1)
  assert.deepEqual(store.spansOf('nothing'), [])
})

test('a span that comes twice is kept once', () => {
  const store = new TraceStore()
  const span = sampleSpan()
  put(store, span, span)
  put(store, span)
  assert.equal(store.size.spans, 1)
})

test('each limit pushes out the trace that was quiet for the longest', () => {
  const fill = (store: TraceStore) => {
    const ids = Array.from({ length: 10 }, newTraceId)
    for (const traceId of ids) put(store, sampleSpan({ traceId }))
    return { store, last: ids.at(-1) }
  }
  for (const limits of [{ maxTraces: 3 }, { maxSpans: 3 }, { maxBytes: 1200 }]) {
    const { store, last } = fill(new TraceStore(limits))
    assert.ok(store.size.traces <= 3 && store.size.traces > 0, JSON.stringify([limits, store.size]))
    assert.equal(store.size.spans, store.size.traces)
    assert.equal(store.latest()[0]?.traceId, last)
  }
  const one = new TraceStore({ maxSpansPerTrace: 2 })
  put(one, sampleSpan(), sampleSpan(), sampleSpan())
  assert.deepEqual([one.size.spans, one.size.refused], [2, 1])
  const none = new TraceStore({ maxBytes: 10 })
  put(none, sampleSpan())
  assert.deepEqual(none.size, { traces: 0, spans: 0, bytes: 0, refused: 0 })
})

test('hostile messages never throw and are counted', () => {
  const good = sampleSpan()
  const messages = [
    Buffer.alloc(0),
    Buffer.from([0xff, 0xfe, 0x00]),
    Buffer.from('{"spans":'),
    Buffer.from(`${'['.repeat(100_000)}`),
    text(null),
    text({ ...good }),
    text('spans'),
    Buffer.alloc(2 * 1024 * 1024, 0x20),
    text([null, 3, 'x', [], {}]),
    text([
      { ...good, traceId: 'A'.repeat(32) },
      { ...good, traceId: '0'.repeat(32) },
      { ...good, spanId: 5 },
    ]),
    text([
      { ...good, kind: 'toString' },
      { ...good, start: '0' },
      { ...good, end: -1 },
      { ...good, start: 1e300 },
    ]),
    text([
      { ...good, resource: null },
      { ...good, resource: { service: '' } },
    ]),
  ]
  const store = new TraceStore()
  for (const message of messages) store.accept(message)
  assert.deepEqual(store.size, { traces: 0, spans: 0, bytes: 0, refused: 8 + 5 + 3 + 4 + 2 })
})

test('what is odd within a span is left out, the span stays', () => {
  const odd = {
    ...sampleSpan({ start: 1000 }),
    end: 10,
    name: 'x'.repeat(10_000),
    attributes: JSON.parse('{"__proto__":"p","a":{"b":1},"c":[1,"x"],"d":null,"e":[true],"f":["g"]}'),
    events: [null, { name: 'e' }, { name: 'ok', time: 5, attributes: 7 }],
    links: 'none',
    status: { code: 'broken', message: 5 },
    parentSpanId: 'zz',
    traceState: 9,
  }
  const { spans, refused } = parseSpans(text([odd]))
  assert.equal(refused, 0)
  const [span] = spans
  assert.equal(span?.end, 1000)
  assert.equal(span?.name.length, 4096)
  assert.deepEqual(Object.entries(span?.attributes ?? {}), [
    ['__proto__', 'p'],
    ['e', [true]],
    ['f', ['g']],
  ])
  assert.deepEqual(span?.events, [{ name: 'ok', time: 5, attributes: {} }])
  assert.deepEqual(
    [span?.links, span?.status, span?.parentSpanId, span?.traceState],
    [[], { code: 'unset' }, undefined, ''],
  )
})
