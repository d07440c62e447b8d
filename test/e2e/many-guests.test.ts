import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { openWorkplace, root } from '../support/weft.ts'

const many = 64
const caller = '1'.repeat(16)
const internal = 1

const guests = [
  {
    name: 'otel-p3',
    how: 'share one WASI 0.3 instance',
    reuse: { invocations: 100_000, concurrent: many },
    mostInstances: 1,
    within: 'outer(inner(store get store get) store get store get)',
  },
  {
    name: 'otel-p2',
    how: 'use instances again',
    reuse: { invocations: 100_000 },
    mostInstances: many,
    within: 'outer(inner(store get store get) store get)',
  },
]

for (const { name, how, reuse, mostInstances, within } of guests) {
  describe(`64 requests at once that ${how}`, () => {
    let place: Awaited<ReturnType<typeof openWorkplace>>
    let receiver: OtlpReceiver
    let url: string
    before(async () => {
      place = await openWorkplace()
      receiver = await startOtlpReceiver()
      const image = pathToFileURL(join(root, `test/guests/${name}/${name}.wasm`)).href
      const app = await place.manifest('manifests/hello/app.yaml', (text) =>
        text
          .replace(/image: .*hello\.wasm/, `image: ${image}`)
          .replace(
            /- type: spreadscaler\n *properties:\n *instances: 10\n/,
            `- ${JSON.stringify({ type: 'reuse', properties: reuse })}\n        - ` +
              `${JSON.stringify({ type: 'spreadscaler', properties: { instances: many } })}\n`,
          ),
      )
      url = `${app.url}/nested`
      const up = place.start(['up', '--port', '0', '--ephemeral', '--threads', '1', app.path], {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_BSP_SCHEDULE_DELAY: '100',
      })
      await up.seen(/weft is up/)
    })
    after(async () => {
      await place.close()
      await receiver.stop()
    })

    const spansOf = (id: string) => receiver.spans().filter(({ traceId }) => traceId === id)

    test('are 64 clean trees: guest spans, and calls of the host within them before and after waits', async () => {
      for (const round of ['a', 'b']) {
        const ids = Array.from({ length: many }, (_, number) => `${number + 1}`.padStart(32, round))
        const answers = await Promise.all(
          ids.map(async (id) =>
            (await fetch(url, { headers: { traceparent: `00-${id}-${caller}-01` } })).text(),
          ),
        )
        await receiver.until(() => ids.every((id) => spansOf(id).some(isFirst)), 60_000)
        const guestSpans = new Set<string>()
        for (const [at, id] of ids.entries()) {
          const spans = spansOf(id)
          assert.equal(outline(spans), `GET(handle(${within}))`, `trace ${id}`)
          const [outer, inner] = (answers[at] ?? '').split(' ').slice(-2)
          const named = (what: string) =>
            spans.filter((span) => span.name === what).map((span) => span.spanId)
          assert.deepEqual([named('outer'), named('inner')], [[outer], [inner]])
          for (const own of [outer, inner]) guestSpans.add(own ?? '')
        }
        assert.equal(guestSpans.size, 2 * many)
      }
      const runs = receiver.spans().filter((span) => span.name.endsWith(' handle') && span.kind === internal)
      assert.ok(mostAtOnce(runs) > 8, `${mostAtOnce(runs)} at once`)
      const made = receiver.spans().filter((span) => span.name === 'instantiate').length
      assert.ok(made <= mostInstances, `${made} instances were made`)
    })
  })
}

const isFirst = ({ parentSpanId }: ReceivedSpan) => parentSpanId === caller

/** Whose child is what, but for waits, which only some have. */
function outline(spans: readonly ReceivedSpan[]): string {
  const outlineOf = (span: ReceivedSpan): string => {
    const children = spans
      .filter(
        ({ parentSpanId, name }) => parentSpanId === span.spanId && !/^(instantiate|queued)$/.test(name),
      )
      .map(outlineOf)
      .toSorted()
    const name = span.name.replace(/^\S+\/(\S+) /, (_, last) => (last === 'store' ? 'store ' : ''))
    return children.length === 0 ? name : `${name}(${children.join(' ')})`
  }
  return spans.filter(isFirst).map(outlineOf).join(' | ')
}

/** How many of these ran when most did. */
function mostAtOnce(spans: readonly ReceivedSpan[]): number {
  const changes = spans
    .flatMap(({ startTimeUnixNano, endTimeUnixNano }) => [
      { at: BigInt(startTimeUnixNano), by: 1 },
      { at: BigInt(endTimeUnixNano), by: -1 },
    ])
    .toSorted((one, other) => Number(one.at - other.at) || one.by - other.by)
  let running = 0
  return changes.reduce((most, { by }) => {
    running += by
    return Math.max(most, running)
  }, 0)
}
