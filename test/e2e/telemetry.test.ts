import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { metricsIn, type ReceivedMetric } from '../support/otlp-metrics.ts'
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { until } from '../support/until.ts'
import { openWorkplace } from '../support/weft.ts'

describe('a lattice with a collector', () => {
  let receiver: OtlpReceiver
  let place: Awaited<ReturnType<typeof openWorkplace>>
  let url: string
  let traceId: string

  before(
    async () => {
      receiver = await startOtlpReceiver()
      place = await openWorkplace()
      const app = await place.manifest('manifests/hello/app.yaml')
      url = app.url
      const weft = place.start(['up', app.path, '--ephemeral', '--port', '0', '--threads', '2'], {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_METRIC_EXPORT_INTERVAL: '500',
        OTEL_BSP_SCHEDULE_DELAY: '100',
      })
      await weft.seen(/weft is up/)
      for (let request = 0; request < 10; request += 1) assert.equal((await fetch(url)).status, 200)
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
      const traced = await fetch(url, {
        headers: { traceparent, tracestate: 'vendor=a', baggage: 'user=ada' },
      })
      await traced.text()
      traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
      await receiver.until(
        () => spansOf(traceId).some((span) => span.parentSpanId === '00f067aa0ba902b7'),
        30_000,
      )
    },
    { timeout: 120_000 },
  )
  after(async () => {
    await place.close()
    await receiver.stop()
  })

  const spansOf = (id: string) => receiver.spans().filter((span) => span.traceId === id)

  test('a request is one tree of spans, each of its own service', async () => {
    const noted = () => spansOf(traceId).filter((span) => !isWait(span))
    await receiver.until(() => noted().length >= 4, 30_000)
    const spans = spansOf(traceId)
    const tree = noted()
      .map((span) => pathOf(span, spans))
      .sort()
    const inside = 'hello-hello:server GET > hello-hello:internal http/incoming-handler handle'
    assert.deepEqual(tree, [
      'hello-hello:server GET',
      inside,
      `${inside} > hello-hello:client keyvalue/atomics increment`,
      `${inside} > hello-hello:internal config/store get`,
    ])
    const attributesOf = (name: string) => spans.find((span) => span.name === name)?.attributes
    assert.deepEqual(attributesOf('http/incoming-handler handle'), {
      'weft.source': 'hello-http',
      'http.response.status_code': 200,
    })
    assert.deepEqual(attributesOf('keyvalue/atomics increment'), {
      'weft.target': 'hello-keyvalue',
      'service.peer.name': 'hello-keyvalue',
      'db.system.name': 'wasi-keyvalue',
      'db.operation.name': 'increment',
      'db.namespace': 'default',
    })
    for (const span of spans) {
      assert.equal(span.traceState, 'vendor=a')
      assert.equal(span.resource['service.namespace'], 'hello')
      assert.match(String(span.resource['service.instance.id']), /^N/)
    }
  })

  test('metrics come under the service of their component, with an exemplar of a trace', async () => {
    const component = await metric('hello-hello weft.call.duration', (found) =>
      found.points.some((point) => point.attributes['side'] === 'server' && Number(point.count) >= 11),
    )
    const served = component.points.find((point) => point.attributes['side'] === 'server')
    assert.deepEqual(served?.attributes, {
      component: 'hello-hello',
      interface: 'wrpc:http/incoming-handler',
      operation: 'handle',
      side: 'server',
      outcome: 'ok',
    })
    assert.equal(component.resource['service.namespace'], 'hello')
    const exemplars = receiver.requests
      .filter(({ path }) => path === '/v1/metrics')
      .flatMap((request) => metricsIn(request).get('hello-hello weft.call.duration')?.points ?? [])
      .flatMap(({ exemplars: found }) => found ?? [])
    const known = new Set(receiver.spans().map((span) => span.spanId))
    assert.ok(exemplars.length > 0)
    assert.ok(exemplars.every((exemplar) => known.has(exemplar.spanId ?? '')))

    await metric('hello-hello weft.instance.start.duration', ({ points }) => Number(points[0]?.count) >= 1)
    await metric('hello-hello weft.instance.max', ({ points }) => (points[0]?.asDouble ?? 0) >= 1)
    await metric('hello-hello weft.instance.ready', ({ points }) => (points[0]?.asDouble ?? 0) >= 1)
    await metric('hello-hello weft.guest.memory', ({ points }) => (points[0]?.asDouble ?? 0) >= 65_536)
    await metric('hello-hello weft.instance.active', ({ points }) => points[0]?.asDouble === 0)
    await metric('hello-hello weft.queue.depth', ({ points }) => points[0]?.asDouble === 0)
    await metric('weft-host process.memory.usage', ({ points }) => (points[0]?.asDouble ?? 0) > 1e7)
    const threads = await metric('weft-host nodejs.eventloop.delay.p99', ({ points }) => points.length === 3)
    assert.deepEqual(threads.points.map((point) => point.attributes['thread']).sort(), [
      'control',
      'data-0',
      'data-1',
    ])
    const lost = receiver.requests
      .filter(({ path }) => path === '/v1/metrics')
      .flatMap((request) => metricsIn(request).get('weft-host weft.telemetry.dropped')?.points ?? [])
    assert.deepEqual(lost, [], 'nothing is lost')
    const loaded = await metric('hello-hello weft.component.load.duration', () => true)
    assert.deepEqual(Object.keys(loaded.points[0]?.attributes ?? {}), ['component', 'source'])
  })

  test('a deploy is one trace, from the command to the instances that are ready', async () => {
    const named = (text: string) =>
      text.replace(
        /^( *)traits:/gm,
        '$1traits:\n$1  - { type: telemetry, properties: { serviceNamespace: shop } }',
      )
    const chain = await place.manifest('manifests/chain/app.yaml', named)
    const { code, err } = await place.run(['app', 'deploy', chain.path])
    assert.equal(code, 0, err)
    const deploy = () => receiver.spans().findLast((span) => span.name === 'command scale')?.traceId ?? ''
    await receiver.until(
      () => spansOf(deploy()).filter((span) => span.name === 'component scale').length === 2,
      30_000,
    )
    const spans = spansOf(deploy())
    const under = (name: string) =>
      new Set(
        spans
          .filter((span) => span.name === name)
          .map(
            (span) => spans.find((other) => other.spanId === span.parentSpanId)?.name ?? 'the command line',
          ),
      )
    assert.deepEqual(under('component scale'), new Set(['command scale']))
    assert.deepEqual(under('fetch artifact'), new Set(['component scale']))
    assert.deepEqual(under('compile'), new Set(['component scale']))
    assert.deepEqual(under('start instances'), new Set(['component scale']))
    assert.deepEqual(under('provider start'), new Set(['command start provider']))
    const services = new Set(
      spans.map((span) => `${span.resource['service.name']} ${kinds[span.kind]} ${span.name}`),
    )
    assert.ok(services.has('weft-controller client command scale'), [...services].join())
    assert.ok(services.has('weft-host server component scale'))
    const scaled = spans.filter((span) => span.name === 'component scale')
    assert.deepEqual(scaled.map((span) => span.attributes['weft.component.id']).sort(), [
      'chain-gateway',
      'chain-greeter',
    ])
    const shown = await until(
      async () => {
        const { out } = await place.run(['traces', deploy()])
        return out.includes('app deploy') && out.includes('compile') ? out : undefined
      },
      { timeoutMs: 20_000 },
    )
    assert.equal((await fetch(`${chain.url}/?name=Ada`)).status, 200)
    const inShop = () =>
      receiver.spans().filter((span) => span.resource['service.namespace'] === 'shop' && span.name !== '')
    const servicesInShop = () => new Set(inShop().map((span) => span.resource['service.name']))
    await receiver.until(() => servicesInShop().size === 2, 30_000)
    assert.deepEqual(servicesInShop(), new Set(['chain-gateway', 'chain-greeter']))
    // What it lets in is the gateway's span.
    const server = await metric('chain-http weft.call.duration', () => true)
    assert.equal(server.resource['service.namespace'], 'shop')
    assert.match(shown, /app deploy[\s\S]*command scale[\s\S]*component scale[\s\S]*fetch artifact/)
  })

  /** The latest value of a metric, when it is as it should be. */
  async function metric(key: string, isGood: (found: ReceivedMetric) => boolean): Promise<ReceivedMetric> {
    const latest = () =>
      receiver.requests
        .filter(({ path }) => path === '/v1/metrics')
        .map((request) => metricsIn(request).get(key))
        .findLast((found) => found !== undefined)
    await until(
      () => {
        const found = latest()
        return found !== undefined && isGood(found)
      },
      { timeoutMs: 20_000 },
    ).catch(() => assert.fail(`${key}: ${JSON.stringify(latest())}`))
    return latest() ?? assert.fail(key)
  }
})

describe('a collector that never answers, or is away', () => {
  test('costs no request, and what it did not get is counted where it can be told', {
    timeout: 120_000,
  }, async () => {
    const silent = createServer((request) => void request.resume())
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    const port = (silent.address() as AddressInfo).port
    const metrics = await startOtlpReceiver()
    const place = await openWorkplace()
    try {
      const app = await place.manifest('manifests/hello/app.yaml')
      const weft = place.start(['up', app.path, '--ephemeral', '--port', '0', '--threads', '1'], {
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${port}/v1/traces`,
        OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://127.0.0.1:1/v1/logs',
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${metrics.url}/v1/metrics`,
        OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/json',
        OTEL_EXPORTER_OTLP_TIMEOUT: '500',
        OTEL_BSP_SCHEDULE_DELAY: '50',
        OTEL_BSP_MAX_QUEUE_SIZE: '200',
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '100',
        OTEL_METRIC_EXPORT_INTERVAL: '300',
      })
      await weft.seen(/weft is up/)
      for (let round = 0; round < 20; round += 1) {
        const answers = await Promise.all(Array.from({ length: 10 }, () => fetch(app.url)))
        for (const answer of answers) {
          assert.equal(answer.status, 200)
          await answer.text()
        }
      }
      const dropped = () =>
        metrics.requests.flatMap(
          (request) => metricsIn(request).get('weft-host weft.telemetry.dropped')?.points ?? [],
        )
      const has = (signal: string, reason: string) =>
        dropped().some(
          ({ attributes, asDouble = 0 }) =>
            attributes['signal'] === signal && attributes['reason'] === reason && asDouble > 0,
        )
      await until(() => has('traces', 'failed') && has('traces', 'queue-full') && has('logs', 'failed'), {
        timeoutMs: 30_000,
        what: JSON.stringify(dropped()),
      })
      const start = performance.now()
      assert.equal(await weft.stop('SIGTERM'), 0)
      assert.ok(performance.now() - start < 20_000, 'nor does it hold up the end')
    } finally {
      silent.closeAllConnections()
      silent.close()
      await place.close()
      await metrics.stop()
    }
  })
})

const kinds = ['', 'internal', 'server', 'client', 'producer', 'consumer']

/** Which only some requests have. */
function isWait({ name }: ReceivedSpan): boolean {
  return name === 'queued' || name === 'instantiate'
}

function pathOf(span: ReceivedSpan, spans: readonly ReceivedSpan[]): string {
  const parent = spans.find((other) => other.spanId === span.parentSpanId)
  const own = `${span.resource['service.name']}:${kinds[span.kind]} ${span.name}`
  return parent ? `${pathOf(parent, spans)} > ${own}` : own
}
