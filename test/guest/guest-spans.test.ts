import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Call } from '../../src/call/call.ts'
import {
  defaultOtelLimits,
  type GuestOtel,
  type OtelLog,
  type OtelMetrics,
  type OtelSpan,
} from '../../src/capability/otel.ts'
import type { GuestComponent } from '../../src/guest/component.ts'
import { fakeServices, fetchFrom, openGuests } from '../support/guest.ts'

const hostTrace = 'a'.repeat(32)
const hostSpan = 'b'.repeat(16)

let guests: Awaited<ReturnType<typeof openGuests>>
let component: GuestComponent
before(async () => {
  guests = await openGuests()
  component = await guests.load('test/guests/otel-p2/otel-p2.wasm')
})
after(() => guests.close())

interface Seen {
  readonly text: string
  readonly spans: OtelSpan[]
  readonly logs: OtelLog[]
  readonly metrics: OtelMetrics[]
  readonly drops: Record<string, number>
  readonly calls: Call[]
}

/** One request, and everything that the guest made known in it. */
async function observe(path: string, limits = defaultOtelLimits): Promise<Seen> {
  const seen = { spans: [] as OtelSpan[], logs: [] as OtelLog[], metrics: [] as OtelMetrics[] }
  const drops: Record<string, number> = {}
  const calls: Call[] = []
  const otel: GuestOtel = {
    limits,
    span: (_, span) => seen.spans.push(span),
    log: (_, log) => seen.logs.push(log),
    metrics: (_, metrics) => seen.metrics.push(...metrics),
    dropped: (signal, reason, count) => {
      drops[`${signal} ${reason}`] = (drops[`${signal} ${reason}`] ?? 0) + count
    },
  }
  const invoke = async (call: Call) => {
    calls.push(call)
    await new Promise((resolve) => setTimeout(resolve, 1))
    return { tag: 'ok', val: call.operation.function.name === 'open' ? new Uint8Array() : undefined }
  }
  const { text } = await fetchFrom(component, path, { services: fakeServices({ otel, invoke }) })
  return { text, ...seen, drops, calls }
}

const named = (spans: readonly OtelSpan[], name: string) => {
  const found = spans.find((span) => span.name === name)
  assert.ok(found, `a span called ${name}`)
  return found
}

describe('spans of a guest', () => {
  test('nest as the guest says, under the span that called it', async () => {
    const { text, spans } = await observe('/nested')
    const [host, outer, inner] = text.split(' ')
    assert.equal(host, hostSpan)
    assert.deepEqual(
      spans.map(({ name, traceId, spanId, parentSpanId }) => [name, traceId, spanId, parentSpanId]),
      [
        ['inner', hostTrace, inner, outer],
        ['outer', hostTrace, outer, hostSpan],
      ],
    )
  })

  test('have the calls that the guest makes meanwhile as children, also after a wait', async () => {
    const { text, calls } = await observe('/nested')
    const [, outer, inner] = text.split(' ')
    const parents = calls
      .filter(({ operation }) => operation.function.name === 'get')
      .map((call) => [call.args[1], call.context.trace?.spanId])
    assert.deepEqual(parents, [
      ['before', inner],
      ['after', inner],
      ['outside', outer],
    ])
  })

  test('arrive with typed attributes, events, links, status, kind, scope and dropped counts', async () => {
    const { spans } = await observe('/nested')
    const inner = named(spans, 'inner')
    assert.deepEqual(inner.attributes, {
      text: 'a',
      int: 7n,
      float: { double: 1 },
      bool: true,
      bytes: Uint8Array.of(1, 2),
      ints: [1n, 2n],
      floats: [{ double: 0.5 }, { double: 2 }],
      big: 9_223_372_036_854_775_807n,
    })
    assert.equal(inner.kind, 'client')
    assert.deepEqual(inner.status, { code: 'error', message: 'burnt' })
    assert.deepEqual(inner.dropped, { attributes: 3, events: 0, links: 0 })
    assert.deepEqual(inner.scope, { name: 'bakery', version: '1.2' })
    assert.deepEqual(
      inner.events.map(({ name, attributes }) => [name, attributes]),
      [['halfway', { at: 1n }]],
    )
    assert.deepEqual(
      inner.links.map(({ spanId, attributes }) => [spanId, attributes]),
      [[hostSpan, { why: 'test' }]],
    )
  })

  test('may be a trace of their own', async () => {
    const { text, spans } = await observe('/root')
    assert.deepEqual(
      spans.map(({ name, traceId, parentSpanId }) => [name, traceId, parentSpanId]),
      [['root', text, undefined]],
    )
  })

  test('that were never ended are shown as such when the invocation is over, and leak into no other', async () => {
    const { text, spans } = await observe('/unended')
    assert.deepEqual(
      spans.map(({ name, spanId, parentSpanId, attributes }) => [name, spanId, parentSpanId, attributes]),
      [['unended', text, hostSpan, { 'weft.span.unended': true }]],
    )
    assert.equal((await observe('/nested')).text.split(' ')[0], hostSpan)
  })

  test('that were never started are left out and counted', async () => {
    const { spans, drops, text } = await observe('/end-only')
    assert.deepEqual([spans, drops, text], [[], { 'traces not-started': 1 }, 'fine'])
  })

  test('may outlive their parent', async () => {
    const { spans } = await observe('/outlived')
    assert.equal(named(spans, 'child').parentSpanId, named(spans, 'parent').spanId)
  })

  test('of 64 invocations at once are 64 clean trees', async () => {
    const all = await Promise.all(Array.from({ length: 64 }, () => observe('/nested')))
    for (const { text, spans, calls } of all) {
      const [, outer, inner] = text.split(' ')
      assert.deepEqual(
        spans.map(({ spanId }) => spanId),
        [inner, outer],
      )
      const parents = calls.map((call) => call.context.trace?.spanId)
      assert.deepEqual(parents, [inner, inner, outer])
    }
    assert.equal(new Set(all.flatMap(({ spans }) => spans.map(({ spanId }) => spanId))).size, 128)
  })
})

test('hostile data is left out, cut and counted; guest and host live', async () => {
  const { text, spans, logs, drops } = await observe('/hostile')
  assert.equal(text, 'alive')
  assert.deepEqual(drops, { 'traces invalid': 4, 'traces duplicate': 1 })
  const crowded = named(spans, 'crowded')
  assert.equal(Object.keys(crowded.attributes).length, 128)
  assert.equal(crowded.dropped.attributes, 10_000 - 128)
  const large = named(spans, 'large')
  assert.deepEqual(large.attributes, { large: 'x'.repeat(16_384), good: 'still here' })
  assert.equal(large.dropped.attributes, 2)
  const backwards = named(spans, 'backwards')
  assert.equal(backwards.end, backwards.start)
  assert.deepEqual(
    logs.map(({ severity, body, droppedAttributes }) => [severity, body, droppedAttributes]),
    [
      [0, 'odd', undefined],
      [0, 'odd', undefined],
      [9, undefined, 1],
    ],
  )
})

test('how much telemetry may take is the host’s to say', async () => {
  const few = { attributes: 1, valueLength: 10 }
  const limits = { ...defaultOtelLimits, span: few, event: few, events: 1, links: 0, spans: 3, logs: 2 }
  const { spans, logs, drops } = await observe('/hostile', limits)
  assert.deepEqual(named(spans, 'large').attributes, { large: 'xxxxxxxxxx' })
  assert.deepEqual(named(spans, 'crowded').dropped.attributes, 9_999)
  assert.deepEqual(
    spans.map(({ name }) => name),
    ['crowded', 'large', 'backwards'],
  )
  assert.equal(logs.length, 2)
  assert.deepEqual([drops['traces too-many'], drops['logs too-many']], [2, 1])
  const none = { ...defaultOtelLimits, events: 0, links: 0 }
  const inner = named((await observe('/nested', none)).spans, 'inner')
  assert.deepEqual([inner.events, inner.links], [[], []])
  assert.deepEqual(inner.dropped, { attributes: 3, events: 1, links: 1 })
})

test('log records carry the span of their moment, and what the guest gave them', async () => {
  const { text, logs } = await observe('/logs')
  const [outside, inside] = logs
  assert.deepEqual([outside?.traceId, outside?.spanId, outside?.body], [hostTrace, hostSpan, 'outside'])
  assert.deepEqual([inside?.traceId, inside?.spanId], [hostTrace, text])
  assert.deepEqual(inside?.body, { map: { cake: [1n, { double: 2.5 }] } })
  assert.deepEqual([inside?.severity, inside?.severityText, inside?.eventName], [17, 'ERROR', 'cake.burnt'])
  assert.deepEqual(inside?.attributes, { code: 42n })
})

test('metrics arrive as the guest aggregated them', async () => {
  const { metrics } = await observe('/metrics')
  const [{ scope, metrics: all } = assert.fail('no metrics')] = metrics
  assert.deepEqual(scope, { name: 'bakery', version: '1.2' })
  const data = Object.fromEntries(all.map((metric) => [metric.name, metric.data]))
  const cakes = data['cakes']
  assert.ok(cakes?.kind === 'sum' && cakes.isMonotonic && cakes.temporality === 'cumulative')
  assert.deepEqual([cakes.points[0]?.value, cakes.points[0]?.attributes], [5n, { kind: 'sponge' }])
  assert.deepEqual(
    cakes.points[0]?.exemplars.map(({ traceId, spanId, value }) => [traceId, spanId, value]),
    [[hostTrace, hostSpan, 5n]],
  )
  const left = data['cakes.left']
  assert.ok(left?.kind === 'sum' && !left.isMonotonic && left.temporality === 'delta')
  const size = data['cake.size']
  assert.ok(size?.kind === 'histogram')
  const [point] = size.points
  assert.deepEqual(
    [point?.count, point?.sum, point?.min, point?.max, point?.bounds, point?.counts],
    [3n, 4.5, 0.5, 2.5, [1, 2], [1n, 1n, 1n]],
  )
  const weight = data['cake.weight']
  assert.ok(weight?.kind === 'exponentialHistogram' && weight.temporality === 'delta')
  assert.deepEqual(weight.points[0]?.positive, { offset: -3, counts: [1n, 2n] })
  assert.equal(data['oven.temperature']?.kind, 'gauge')
})
