import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  defaultOtelLimits,
  type GuestOtel,
  type OtelLog,
  type OtelMetrics,
  type OtelSpan,
} from '../../src/capability/otel.ts'
import type { GuestComponent } from '../../src/guest/component.ts'
import { fakeServices, fetchFrom, largeGuest, openGuests } from '../support/guest.ts'

const hostTrace = 'a'.repeat(32)
const hostSpan = 'b'.repeat(16)

/** Guests that do the same: a span in a span, three cakes counted, and a log record. */
const observed = [
  { language: 'C', path: 'test/guests/observed-c/observed-c.wasm', skip: false },
  { language: 'JavaScript on StarlingMonkey', ...largeGuest('observed-js') },
  { language: 'Python', ...largeGuest('observed-py') },
  { language: 'Go', ...largeGuest('observed-go') },
]

let guests: Awaited<ReturnType<typeof openGuests>>
before(async () => {
  guests = await openGuests()
})
after(() => guests.close())

for (const { language, path, skip } of observed) {
  describe(`a component in ${language}`, { skip }, () => {
    let component: GuestComponent
    before(async () => {
      component = await guests.load(path)
    })

    const bake = async () => {
      const spans: OtelSpan[] = []
      const logs: OtelLog[] = []
      const metrics: OtelMetrics[] = []
      const otel: GuestOtel = {
        limits: defaultOtelLimits,
        span: (_, span) => spans.push(span),
        log: (_, log) => logs.push(log),
        metrics: (_, some) => metrics.push(...some),
        dropped: (...dropped) => assert.fail(`dropped ${dropped}`),
      }
      const { text } = await fetchFrom(component, '/nested', { services: fakeServices({ otel }) })
      const [outer = '', inner = ''] = text.split(' ')
      return { outer, inner, spans, logs, metrics }
    }

    test('answers, each request in an instance as good as new', async () => {
      for (let request = 0; request < 5; request++)
        assert.equal((await fetchFrom(component, '/count')).text, '1')
    })

    test('says what went wrong when it traps, and serves on', async () => {
      const services = fakeServices()
      await assert.rejects(fetchFrom(component, '/trap', { services }), { code: 'trapped' })
      assert.match(services.lines.map(({ message }) => message).join('\n'), /nothing is here/)
      assert.match((await fetchFrom(component, '/')).text, /^hello from /)
    })

    test('nests its spans under the span of the invocation', async () => {
      const { outer, inner, spans } = await bake()
      assert.match(outer, /^[0-9a-f]{16}$/)
      assert.notEqual(outer, inner)
      assert.deepEqual(
        spans.map(({ name, traceId, spanId, parentSpanId }) => [name, traceId, spanId, parentSpanId]),
        [
          ['inner', hostTrace, inner, outer],
          ['outer', hostTrace, outer, hostSpan],
        ],
      )
      assert.equal(spans[0]?.attributes['cakes'], 3n)
    })

    test('has its log records under the span that was open', async () => {
      const { outer, inner, logs } = await bake()
      assert.equal(logs.length, 1)
      assert.equal(logs[0]?.severity, 9)
      assert.equal(logs[0]?.traceId, hostTrace)
      assert.ok([outer, inner].includes(logs[0]?.spanId ?? ''))
    })

    test('counts: each invocation what it counted itself', async () => {
      for (let time = 0; time < 2; time++) {
        const { metrics } = await bake()
        const [cakes] = metrics.flatMap((one) => one.metrics)
        assert.equal(cakes?.name, 'cakes')
        assert.ok(cakes.data.kind === 'sum' && cakes.data.isMonotonic && cakes.data.temporality === 'delta')
        assert.equal(Number(cakes.data.points[0]?.value), 3)
      }
    })
  })
}
