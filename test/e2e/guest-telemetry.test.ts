import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { metricsIn } from '../support/otlp-metrics.ts'
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { openWorkplace, root } from '../support/weft.ts'

const guest = pathToFileURL(join(root, 'test/guests/otel-p2/otel-p2.wasm')).href

describe('a component that makes spans, metrics and logs of its own', () => {
  let place: Awaited<ReturnType<typeof openWorkplace>>
  let receiver: OtlpReceiver
  let url: string
  before(async () => {
    place = await openWorkplace()
    receiver = await startOtlpReceiver()
    const app = await place.manifest('manifests/hello/app.yaml', (text) =>
      text.replace(/image: .*hello\.wasm/, `image: ${guest}`),
    )
    url = app.url
    const up = place.start(['up', '--port', '0', '--ephemeral', '--threads', '1', app.path], {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_METRIC_EXPORT_INTERVAL: '500',
    })
    await up.seen(/weft is up/)
  })
  after(async () => {
    await place.close()
    await receiver.stop()
  })

  const ask = async (path: string, traceId: string) =>
    (await fetch(url + path, { headers: { traceparent: `00-${traceId}-${'1'.repeat(16)}-01` } })).text()

  test('is one tree with the host: HTTP, component, its spans, and the calls made within them', async () => {
    const traceId = 'c'.repeat(32)
    const [, outerId, innerId] = (await ask('/nested', traceId)).split(' ')
    const spans = () => receiver.spans().filter((span) => span.traceId === traceId)
    await receiver.until(() => spans().some((span) => span.parentSpanId === '1'.repeat(16)))
    const byId = new Map(spans().map((span) => [span.spanId, span]))
    const path = (span: ReceivedSpan | undefined): string[] =>
      span ? [...path(byId.get(span.parentSpanId)), span.name] : []
    const inner = byId.get(innerId ?? '') ?? assert.fail('the inner span came')
    assert.equal(inner.parentSpanId, outerId)
    assert.equal(inner.resource['service.name'], 'hello-hello')
    assert.equal(inner.scope, 'bakery')
    assert.equal(inner.attributes['int'], 7)
    const gets = spans().filter((span) => span.parentSpanId === innerId)
    assert.ok(gets.length >= 2, `calls within the inner span: ${gets.map(({ name }) => name)}`)
    assert.deepEqual(path(gets[0]).slice(-3, -1), ['outer', 'inner'])
    assert.ok(path(gets[0]).length >= 5, path(gets[0]).join(' > '))
    const shown = JSON.parse((await place.run(['traces', traceId, '-o', 'json'])).out) as { name: string }[]
    assert.ok(
      shown.some(({ name }) => name === 'inner'),
      'weft traces shows them too',
    )
  })

  test('has its metrics and logs exported under its own service', async () => {
    const traceId = 'd'.repeat(32)
    await ask('/metrics', traceId)
    await ask('/logs', traceId)
    const bodies = (path: string) =>
      receiver.requests
        .filter((request) => request.path === path)
        .map((request) => JSON.stringify(request.body))
    await receiver.until(() => bodies('/v1/metrics').some((body) => body.includes('"cakes"')))
    await receiver.until(() => bodies('/v1/logs').some((body) => body.includes('cake.burnt')))
    const metrics = bodies('/v1/metrics').find((body) => body.includes('"cakes"')) ?? ''
    assert.match(metrics, /"service.name","value":\{"stringValue":"hello-hello"\}/)
    assert.match(metrics, /"asInt":"5"/)
    assert.match(metrics, new RegExp(`"exemplars":\\[[^\\]]*"traceId":"${traceId}"`))
    const logs = bodies('/v1/logs').find((body) => body.includes('cake.burnt')) ?? ''
    assert.match(logs, new RegExp(`"traceId":"${traceId}"`))
    assert.match(logs, /"severityNumber":17/)
  })

  test('has a trace of its own, spans that outlive their parents, and those that it never ended', async () => {
    const traceId = 'a'.repeat(32)
    const own = await ask('/root', traceId)
    const open = await ask('/unended', traceId)
    await ask('/outlived', traceId)
    const spans = () => receiver.spans()
    const found = (name: string) => spans().filter((span) => span.name === name)
    await receiver.until(() =>
      ['root', 'unended', 'parent', 'child'].every((name) => found(name).length === 1),
    )
    const [root, unended, parent, child] = ['root', 'unended', 'parent', 'child'].flatMap(found)
    assert.deepEqual([root?.traceId, root?.parentSpanId ?? ''], [own, ''])
    assert.equal(root?.resource['service.name'], 'hello-hello')
    assert.deepEqual([unended?.spanId, unended?.attributes['weft.span.unended']], [open, true])
    const above = spans().find(({ spanId }) => spanId === unended?.parentSpanId)
    assert.deepEqual([above?.kind, above?.name], [1, 'http/incoming-handler handle'])
    assert.equal(above?.resource['service.name'], 'hello-hello')
    assert.equal(child?.parentSpanId, parent?.spanId)
  })

  test('has what is odd counted by its reason', async () => {
    assert.equal(await ask('/hostile', 'b'.repeat(32)), 'alive')
    await ask('/end-only', 'b'.repeat(32))
    const dropped = () =>
      receiver.requests
        .filter(({ path }) => path === '/v1/metrics')
        .flatMap((request) => metricsIn(request).get('weft-host weft.telemetry.dropped')?.points ?? [])
        .map(({ attributes, asDouble }) => `${attributes['signal']} ${attributes['reason']} ${asDouble}`)
    const expected = ['traces invalid 4', 'traces duplicate 1', 'traces not-started 1']
    await receiver.until(() => expected.every((one) => dropped().includes(one)), 30_000)
    assert.equal(await ask('/nothing', 'b'.repeat(32)), 'no /nothing')
  })

  test('may be written in TypeScript with the guest SDK: manifests/observed', async () => {
    const app = await place.manifest('manifests/observed/app.yaml')
    const deployed = await place.run(['app', 'deploy', app.path])
    assert.equal(deployed.code, 0, deployed.err)
    const traceId = 'e'.repeat(32)
    const headers = { traceparent: `00-${traceId}-${'1'.repeat(16)}-01` }
    assert.equal(await (await fetch(`${app.url}/order?2`, { headers })).text(), 'baked 2\n')
    const spans = () => receiver.spans().filter((span) => span.traceId === traceId)
    await receiver.until(() => spans().some(({ parentSpanId }) => parentSpanId === '1'.repeat(16)))
    const order = spans().find(({ name }) => name === 'take order') ?? assert.fail('the span of the order')
    const bakes = spans().filter(({ name }) => name === 'bake')
    assert.deepEqual(
      bakes.map(({ parentSpanId, attributes }) => [parentSpanId, attributes['cake']]),
      [
        [order.spanId, 1],
        [order.spanId, 2],
      ],
    )
    for (const { spanId } of bakes) assert.ok(spans().some(({ parentSpanId }) => parentSpanId === spanId))
    assert.equal(order.resource['service.name'], 'observed-observed')
  })
})
