import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { spansSubject } from '../../src/lattice/subjects.ts'
import { greetOver } from '../support/greet.ts'
import { type LatticeHost, openLattice, type TestLattice } from '../support/lattice.ts'
import { metricsIn } from '../support/otlp-metrics.ts'
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { until } from '../support/until.ts'
import { freePort, openWorkplace, type RunningWeft, root } from '../support/weft.ts'

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

describe('provider processes and a component on three hosts', () => {
  let receiver: OtlpReceiver
  let lattice: TestLattice
  const hosts: LatticeHost[] = []
  before(async () => {
    receiver = await startOtlpReceiver()
    lattice = await openLattice()
    const otel = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }
    for (let number = 0; number < 3; number += 1) hosts.push(await lattice.startHost(otel))
  })
  after(async () => {
    await lattice.close()
    await receiver.stop()
  })

  test('one unbroken trace: HTTP to a process, to a component, to a process, each on a host of its own', async () => {
    const [first, second, third] = hosts
    assert.ok(first && second && third)
    const start = (host: LatticeHost, provider_id: string, file: string) =>
      lattice.client.startProvider({
        host_id: host.id,
        provider_id,
        provider_ref: pathToFileURL(`${root}/${file}`).href,
        config: [],
        annotations: {},
      })
    const port = await freePort()
    await lattice.client.putConfig('address', { address: `127.0.0.1:${port}` })
    const link = { name: 'default', source_config: [], target_config: [] }
    await lattice.client.putLink({
      ...link,
      source_id: 'http',
      target: 'gateway',
      wit_namespace: 'wasi',
      wit_package: 'http',
      interfaces: ['incoming-handler'],
      source_config: ['address'],
    })
    await lattice.client.putLink({
      ...link,
      source_id: 'gateway',
      target: 'phrasebook',
      wit_namespace: 'weft-example',
      wit_package: 'greetings',
      interfaces: ['greeter'],
    })
    await start(third, 'phrasebook', 'manifests/phrasebook/phrasebook.ts')
    await lattice.scale(second, {
      component_id: 'gateway',
      count: 5,
      path: 'manifests/chain/gateway/gateway.wasm',
    })
    await start(first, 'http', 'providers/http-server.ts')
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, tracestate: 'vendor=a' }
    const ask = () => fetch(`http://127.0.0.1:${port}/?name=Ada`, { headers }).then((answer) => answer.text())
    await until(async () => /Hello, Ada/.test(await ask().catch(() => '')), patient)
    const spans = () => receiver.spans().filter((span) => span.traceId === traceId && span.kind !== 1)
    const whole = [
      'http:server GET',
      'http:client http/incoming-handler handle',
      'gateway:server GET',
      'gateway:client greetings/greeter greet',
      'phrasebook:server greetings/greeter greet',
    ].join(' > ')
    await receiver.until(() => spans().some((span) => pathOf(span, spans()) === whole), 30_000)
    const last = spans().find((span) => pathOf(span, spans()) === whole)
    const hostOf = (service: string) =>
      spans().find(({ resource }) => resource['service.name'] === service)?.resource['service.instance.id']
    assert.deepEqual(['http', 'gateway', 'phrasebook'].map(hostOf), [first.id, second.id, third.id])
    assert.equal(last?.traceState, 'vendor=a')
  })
})

describe('a provider process that ends by itself', () => {
  let receiver: OtlpReceiver
  let lattice: TestLattice
  let host: LatticeHost
  before(async () => {
    receiver = await startOtlpReceiver()
    lattice = await openLattice()
    host = await lattice.startHost({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '60000',
    })
  })
  after(async () => {
    await lattice.close()
    await receiver.stop()
  })

  const start = async (provider_id: string) => {
    const ref = pathToFileURL(`${root}/test/provider-programs/greeter.ts`).href
    await lattice.client.startProvider({
      host_id: host.id,
      provider_id,
      provider_ref: ref,
      config: [],
      annotations: {},
    })
    const greet = greetOver(lattice.connection, provider_id)
    return (name: string) => until(() => greet(name).catch(() => undefined), patient)
  }

  test('leaves its last spans to the lattice when it exits', async () => {
    let spans = ''
    lattice.connection.subscribe(spansSubject('default'), {
      callback: (_, message) => {
        spans += Buffer.from(message.data).toString('latin1')
      },
    })
    const greet = await start('leaver')
    assert.equal(await greet('leave'), 'bye')
    await until(() => /greeter greet/.test(spans), { timeoutMs: 10_000, what: 'its span' })
  })

  test('exports its last spans when something is thrown that nobody catches', async () => {
    const greet = await start('stumbler')
    assert.equal(await greet('stumble'), 'oh')
    await until(() => /the greeter has stumbled/.test(host.weft.output()), patient)
    const own = () => receiver.spans().filter(({ resource }) => resource['service.name'] === 'stumbler')
    await receiver.until(() => own().some(({ name }) => name === 'greetings/greeter greet'), 20_000)
  })
})

function pathOf(span: ReceivedSpan, spans: readonly ReceivedSpan[]): string {
  const kind = ['', 'internal', 'server', 'client'][span.kind]
  const own = `${String(span.resource['service.name'])}:${kind} ${span.name}`
  const parent = spans.find(({ spanId }) => spanId === span.parentSpanId)
  return parent ? `${pathOf(parent, spans)} > ${own}` : own
}
