import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { LatticeEvent } from '../../src/lattice/events.ts'
import { type LatticeHost, openLattice, type TestLattice } from '../support/lattice.ts'
import { metricsIn } from '../support/otlp-metrics.ts'
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { noRedis, type RedisServer, startRedis } from '../support/start-redis.ts'
import { until } from '../support/until.ts'
import { freePort, root } from '../support/weft.ts'

const traceId = 'fe'.repeat(16)
const caller = '00f067aa0ba902b7'
const patient = { timeoutMs: 60_000 }

let receiver: OtlpReceiver
let lattice: TestLattice
let redis: RedisServer
let hosts: readonly [LatticeHost, LatticeHost, LatticeHost]
let port: number

before(async () => {
  if (noRedis !== undefined) return
  receiver = await startOtlpReceiver()
  redis = await startRedis()
  lattice = await openLattice()
  port = await freePort()
  const otel = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '100',
    OTEL_METRIC_EXPORT_INTERVAL: '300',
  }
  hosts = [await lattice.startHost(otel), await lattice.startHost(otel), await lattice.startHost(otel)]
  await lattice.client.putConfig('address', { address: `127.0.0.1:${port}` })
  await lattice.client.putConfig('redis', { URL: `redis://127.0.0.1:${redis.port}` })
  await link('web', 'front', 'wasi:http/incoming-handler', { source_config: ['address'] })
  await link('front', 'back', 'wasi:http/incoming-handler')
  await link('back', 'store', 'wasi:keyvalue/store', { target_config: ['redis'] })
  const [first, second, third] = hosts
  await lattice.client.startProvider({
    host_id: third.id,
    provider_id: 'store',
    provider_ref: pathToFileURL(`${root}/providers/keyvalue-redis.ts`).href,
    config: [],
    annotations: {},
  })
  const isStarted = ({ name, data }: LatticeEvent) =>
    name === 'provider_started' && 'provider_id' in data && data.provider_id === 'store'
  await until(() => lattice.events.some(isStarted), patient)
  await lattice.scale(second, { component_id: 'back', count: 5, path: 'test/guests/otel-p2/otel-p2.wasm' })
  const middleware = 'test/guests/chained-p3/middleware-p3/middleware-p3.wasm'
  await lattice.scale(first, { component_id: 'front', count: 5, path: middleware })
  await lattice.startProvider(first, 'web', 'http-server')
})
after(async () => {
  if (noRedis !== undefined) return
  await lattice.close()
  await redis.stop()
  await receiver.stop()
})

function link(
  source_id: string,
  target: string,
  linked: string,
  configs: { readonly source_config?: readonly string[]; readonly target_config?: readonly string[] } = {},
): Promise<unknown> {
  const [, wit_namespace = '', wit_package = '', name = ''] = /^(\w+):(\w+)\/(.+)$/.exec(linked) ?? []
  const ends = { source_id, target, name: 'default', source_config: [], target_config: [], ...configs }
  return lattice.client.putLink({ ...ends, wit_namespace, wit_package, interfaces: [name] })
}

test('one unbroken trace over three hosts: HTTP, a component, another one and its own spans, a provider process, Redis', {
  skip: noRedis,
}, async () => {
  const ask = async (id: string) => {
    const headers = { traceparent: `00-${id}-${caller}-01`, tracestate: 'vendor=a', baggage: 'user=ada' }
    const answer = await fetch(`http://127.0.0.1:${port}/nested`, { headers })
    return `${answer.status} ${await answer.text()}`
  }
  // All links are where they belong as soon as Redis has been asked.
  await until(async () => {
    await ask('ab'.repeat(16)).catch(() => '')
    return receiver.spans().some(isBackend)
  }, patient)
  assert.match(await ask(traceId), /^200 \w+ \w+ \w+$/)
  const spans = () => receiver.spans().filter((span) => span.traceId === traceId)
  // Each host sends its spans when it has some.
  const isUnder = ({ parentSpanId }: ReceivedSpan) =>
    parentSpanId === caller || spans().some(({ spanId }) => spanId === parentSpanId)
  await receiver.until(() => spans().some((span) => span.parentSpanId === caller), 30_000)
  await receiver.until(() => spans().filter(isBackend).length === 3 && spans().every(isUnder), 30_000)
  const paths = spans()
    .filter(isBackend)
    .map((span) => pathOf(span, spans()))
  const call = [
    'back:client keyvalue/store get',
    'store:server keyvalue/store get',
    `store:client GET 127.0.0.1:${redis.port}`,
  ]
  const outer = [
    'front:server GET',
    'front:internal http/incoming-handler handle',
    'front:client http/incoming-handler handle',
    'back:server http/incoming-handler handle',
    'back:internal outer',
  ]
  const within = [...outer, 'back:client inner', ...call].join(' > ')
  assert.deepEqual(paths, [within, within, [...outer, ...call].join(' > ')])
  const hostOf = (service: string) =>
    new Set(
      spans().flatMap(({ resource }) =>
        resource['service.name'] === service ? [resource['service.instance.id']] : [],
      ),
    )
  const [first, second, third] = hosts.map(({ id }) => new Set([id]))
  assert.deepEqual(['front', 'back', 'store'].map(hostOf), [first, second, third])
  assert.deepEqual(hostOf('web'), new Set(), 'the HTTP server runs beside the component that it asks')
  assert.ok(spans().every(({ traceState, scope }) => traceState === 'vendor=a' || scope === 'bakery'))
})

test('the metrics tell of the wire between the hosts, of Redis, and of NATS that went and came back', {
  skip: noRedis,
}, async () => {
  /** Series that a service of a host has exported, with their latest values: `metric label=value`. */
  const series = (service: string, host: LatticeHost) =>
    new Map(
      receiver.requests
        .filter(({ path }) => path === '/v1/metrics')
        .flatMap((request) => [...metricsIn(request).values()])
        .filter(({ resource }) => resource['service.name'] === service)
        .filter(({ resource }) => resource['service.instance.id'] === host.id)
        .flatMap(({ name, points }) =>
          points.map(({ attributes, asDouble, count }) => {
            const labels = Object.entries(attributes).map(([label, value]) => ` ${label}=${value}`)
            return [name + labels.join(''), asDouble ?? Number(count)] as const
          }),
        ),
    )
  const isAbove = (least: number, service: string, host: LatticeHost, name: string) =>
    until(() => (series(service, host).get(name) ?? -1) >= least, {
      ...patient,
      what: `${name} of ${service}`,
    })
  const [first, second, third] = hosts
  for (const host of [first, second]) {
    for (const direction of ['sent', 'received']) {
      await isAbove(1, 'weft-host', host, `weft.wrpc.messages direction=${direction}`)
      await isAbove(100, 'weft-host', host, `weft.wrpc.io direction=${direction}`)
    }
    await isAbove(0, 'weft-host', host, 'weft.wrpc.open thread=data-0')
  }
  const asked = 'db.client.operation.duration component=store db.system.name=redis db.operation.name=GET'
  await isAbove(3, 'store', third, asked)
  const down = await lattice.nats.kill()
  await down.start()
  for (const host of hosts)
    for (const thread of ['control', 'data-0'])
      await isAbove(1, 'weft-host', host, `weft.nats.reconnects thread=${thread}`)
})

const isBackend = ({ attributes }: ReceivedSpan) => attributes['db.system.name'] === 'redis'

const kinds = ['', 'internal', 'server', 'client', 'producer', 'consumer']

function pathOf(span: ReceivedSpan, spans: readonly ReceivedSpan[]): string {
  const parent = spans.find((other) => other.spanId === span.parentSpanId)
  const own = `${span.resource['service.name']}:${kinds[span.kind]} ${span.name}`
  return parent ? `${pathOf(parent, spans)} > ${own}` : own
}
