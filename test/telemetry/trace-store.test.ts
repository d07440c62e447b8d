import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newTraceId } from '../../src/call/trace-context.ts'
import { readSpans } from '../../src/telemetry/read-spans.ts'
import type { SpanRecord } from '../../src/telemetry/span.ts'
import { TraceStore } from '../../src/telemetry/trace-store.ts'
import { sampleSpan, spansMessages } from '../support/sample-span.ts'

function put(store: TraceStore, ...spans: readonly SpanRecord[]): void {
  for (const message of spansMessages(...spans)) store.accept(message)
}

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
  put(store, sampleSpan({ ...child, resource: madeBy('hello', 'calm-owl'), status: { code: 'error' } }))
  put(store, root)
  put(store, sampleSpan({ traceId: older, start: 900 }))
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

test('a trace that says it begins in a time to come stands before no trace that comes after it', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 5_000 })
  const store = new TraceStore()
  const [forged, later] = ['a'.repeat(32), 'b'.repeat(32)]
  put(store, sampleSpan({ traceId: forged, start: Date.UTC(9000, 1, 1) }))
  store.latest()
  t.mock.timers.tick(1_000)
  put(store, sampleSpan({ traceId: later, start: 5_500 }))
  assert.deepEqual(
    store.latest().map((trace) => trace.traceId),
    [later, forged],
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

test('a trace is found by a provider that has no span of its own in it', () => {
  const store = new TraceStore()
  put(store, sampleSpan({ attributes: { 'weft.source': 'web' } }))
  put(store, sampleSpan({ attributes: { 'weft.target': 'kv', 'service.peer.name': 'the-store' } }))
  const found = (component: string) => store.latest({ component }).length
  assert.deepEqual(['web', 'kv', 'the-store', 'other'].map(found), [1, 1, 1, 0])
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

test('messages that nobody asks about are read only when somebody does, the latest ones', () => {
  const store = new TraceStore({ maxBytes: 40_000 })
  const ids = Array.from({ length: 1000 }, newTraceId)
  for (const traceId of ids) put(store, sampleSpan({ traceId }))
  const kept = store.latest({ limit: 1000 }).map((trace) => trace.traceId)
  assert.ok(kept.length > 5 && kept.length < 200, String(kept.length))
  assert.deepEqual(kept, ids.slice(-kept.length).reverse())
})

test('hostile messages never throw and are counted', () => {
  const [good] = spansMessages(sampleSpan())
  assert.ok(good)
  const bad = [
    sampleSpan({ traceId: '0'.repeat(32) }),
    sampleSpan({ traceId: 'ab' }),
    sampleSpan({ spanId: '' }),
    sampleSpan({ resource: { service: '', hostId: '', hostName: '' } }),
  ]
  const store = new TraceStore()
  store.accept(Buffer.alloc(0))
  assert.equal(store.size.refused, 0, 'an empty request has no spans')
  for (const message of [
    Buffer.from([0xff, 0xfe, 0x00]),
    Buffer.from('{"spans":[]}'),
    Buffer.alloc(2 * 1024 * 1024, 0x0a),
    Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
    Buffer.from([0x0b]),
  ])
    store.accept(message)
  assert.equal(store.size.refused, 5)
  for (const message of spansMessages(...bad)) store.accept(message)
  assert.deepEqual([store.size.spans, store.size.refused], [0, 9])
  for (let length = 1; length < good.length; length += 1) store.accept(good.subarray(0, length))
  for (let index = 0; index < good.length; index += 1) {
    const broken = Buffer.from(good)
    broken[index] = (broken[index] ?? 0) ^ 0xff
    store.accept(broken)
  }
  store.latest()
})

test('lists nested without end are not followed', () => {
  let value: Buffer = Buffer.from([0x10, 1])
  for (let depth = 0; depth < 2000; depth += 1) {
    const list = field(1, value)
    value = field(5, list)
  }
  const attribute = field(9, Buffer.concat([field(1, Buffer.from('deep')), field(2, value)]))
  const [message] = spansMessages(sampleSpan())
  assert.ok(message)
  const span = Buffer.concat([
    field(1, Buffer.alloc(16, 1)),
    field(2, Buffer.alloc(8, 1)),
    times(),
    attribute,
  ])
  const resource = field(
    1,
    field(1, Buffer.concat([field(1, Buffer.from('service.name')), field(2, field(1, Buffer.from('s')))])),
  )
  const { spans } = readSpans(field(1, Buffer.concat([resource, field(2, field(2, span))])))
  assert.deepEqual(
    spans.map(({ attributes }) => attributes),
    [{}],
  )
})

test('what is odd within a span is made plain, the span stays', () => {
  const odd = sampleSpan({
    start: 1000,
    end: 10,
    name: 'x'.repeat(10_000),
    attributes: JSON.parse('{"__proto__":"p","e":[true],"f":["g"]}'),
    parentSpanId: 'ab',
  })
  const [span] = spansMessages(odd).flatMap((message) => readSpans(message).spans)
  assert.equal(span?.end, 1000)
  assert.equal(span?.name.length, 4096)
  assert.deepEqual(Object.entries(span?.attributes ?? {}), [
    ['__proto__', 'p'],
    ['e', [true]],
    ['f', ['g']],
  ])
  assert.equal(span?.parentSpanId, undefined)
})

/** A length-delimited field. */
function field(number: number, value: Buffer): Buffer {
  const length: number[] = []
  for (let rest = value.length; ; rest = Math.floor(rest / 128)) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) break
  }
  return Buffer.concat([Buffer.from([number * 8 + 2, ...length]), value])
}

function times(): Buffer {
  return Buffer.concat([
    Buffer.from([7 * 8 + 1]),
    Buffer.alloc(8, 1),
    Buffer.from([8 * 8 + 1]),
    Buffer.alloc(8, 1),
  ])
}
