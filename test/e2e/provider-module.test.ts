import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { metricsIn } from '../support/otlp-metrics.ts'
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { until } from '../support/until.ts'
import { openWorkplace, type RunningWeft, root } from '../support/weft.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const patient = { timeoutMs: 30_000 }

describe('the files in providers/, each in a process of its own', () => {
  let receiver: OtlpReceiver
  let place: Awaited<ReturnType<typeof openWorkplace>>
  let weft: RunningWeft
  let url: string

  before(async () => {
    receiver = await startOtlpReceiver()
    place = await openWorkplace()
    const app = await place.manifest('manifests/hello/app.yaml', (text) =>
      text.replaceAll(
        /wasmcloud\+builtin:\/\/(\S+)/g,
        (_, name) => `${pathToFileURL(`${root}/providers/${name}.ts`).href}`,
      ),
    )
    url = app.url
    weft = place.start(['up', app.path, '--ephemeral', '--port', '0', '--threads', '1'], {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_METRIC_EXPORT_INTERVAL: '500',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      OTEL_SERVICE_NAME: 'the-host-itself',
    })
    await weft.seen(/weft is up/)
  })
  after(async () => {
    await place.close()
    await receiver.stop()
  })

  test('an application answers through them, and counts', async () => {
    const visit = async () => Number(/visit (\d+)/.exec(await (await fetch(url)).text())?.[1])
    const first = await until(() => visit().catch(() => undefined), patient)
    assert.equal(await visit(), first + 1)
  })

  test('a request is one trace through both processes, each of its own service', async () => {
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, baggage: 'user=ada' }
    await (await fetch(url, { headers })).text()
    const spans = () => receiver.spans().filter((span) => span.traceId === traceId && span.kind !== 1)
    await receiver.until(() => spans().length >= 5, 30_000)
    const chain = 'hello-http:server GET > hello-http:client http/incoming-handler handle'
    const inside = `${chain} > hello-hello:server http/incoming-handler handle > hello-hello:client keyvalue/atomics increment`
    assert.deepEqual(
      spans()
        .map((span) => pathOf(span, spans()))
        .toSorted((a, b) => a.length - b.length)
        .slice(-2),
      [inside, `${inside} > hello-keyvalue:server keyvalue/atomics increment`],
    )
    for (const { resource } of spans()) {
      assert.equal(resource['service.namespace'], 'hello')
      assert.match(String(resource['service.instance.id']), /^N/)
    }
    const shown = await place.run(['traces', traceId])
    assert.match(shown.out, /keyvalue\/atomics increment .*hello-keyvalue@/)
  })

  test('metrics of the process come under the same service', async () => {
    const found = () =>
      receiver.requests
        .filter(({ path }) => path === '/v1/metrics')
        .flatMap((request) => [...metricsIn(request).values()])
        .filter(({ resource }) => resource['service.name'] === 'hello-keyvalue')
    const names = () => new Set(found().map(({ name }) => name))
    await receiver.until(
      () => names().has('weft.call.duration') && names().has('process.memory.usage'),
      30_000,
    )
  })
})

function pathOf(span: ReceivedSpan, spans: readonly ReceivedSpan[]): string {
  const kind = ['', 'internal', 'server', 'client'][span.kind]
  const own = `${String(span.resource['service.name'])}:${kind} ${span.name}`
  const parent = spans.find(({ spanId }) => spanId === span.parentSpanId)
  return parent ? `${pathOf(parent, spans)} > ${own}` : own
}
