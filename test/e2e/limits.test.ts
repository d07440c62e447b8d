import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { NatsConnection } from 'nats'
import { connectNats } from '../../src/lattice/connect.ts'
import { metricsIn } from '../support/otlp-metrics.ts'
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { until } from '../support/until.ts'
import { freePort, openWorkplace, root } from '../support/weft.ts'

/** Components that are asked for too much: how, the limit that this hits, and what the client is told. */
const asked: readonly {
  readonly guest: string
  readonly limits: object
  readonly path: string
  readonly body?: string
  readonly limit: string
  readonly status: number
  readonly told: RegExp
}[] = [
  {
    guest: 'http-trap-p2',
    limits: { time: '200ms' },
    path: '/spin',
    limit: 'time',
    status: 504,
    told: /reached the time limit of its manifest/,
  },
  {
    guest: 'http-trap-p2',
    // Of the host, whatever the manifest asks for.
    limits: { memory: '1GiB' },
    path: '/allocate',
    limit: 'memory',
    status: 503,
    told: /reached its memory limit/,
  },
  {
    guest: 'http-hello-p2',
    limits: { handles: 2 },
    path: '/headers',
    limit: 'handles',
    status: 503,
    told: /holds 2 handles/,
  },
  {
    guest: 'http-hello-p2',
    limits: { request: '100B' },
    path: '/echo',
    body: 'x'.repeat(101),
    limit: 'request-body',
    status: 413,
    told: /longer than the 100 bytes/,
  },
]

describe('a limit that is hit is told to the caller, as an event and as a metric', {
  timeout: 240_000,
}, () => {
  let place: Awaited<ReturnType<typeof openWorkplace>>
  let receiver: OtlpReceiver
  let nats: NatsConnection
  let web: string
  const events: string[] = []

  before(async () => {
    place = await openWorkplace()
    receiver = await startOtlpReceiver()
    const [natsPort, port] = [await freePort(), await freePort()]
    web = `http://127.0.0.1:${port}`
    const manifest = join(place.folder, 'limited.yaml')
    await writeFile(manifest, manifestOn(port))
    const up = place.start(
      [
        'up',
        '--ephemeral',
        '--port',
        String(natsPort),
        '--threads',
        '1',
        '--max-component-size-bytes',
        '100000',
        '--limit-most',
        'memory=8MiB',
        '--limit',
        'time=10s',
        manifest,
      ],
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_METRIC_EXPORT_INTERVAL: '300',
      },
    )
    await up.seen(/weft is up/)
    nats = await connectNats({ url: `nats://127.0.0.1:${natsPort}`, name: 'watcher' })
    nats.subscribe('wasmbus.evt.default.component_limit_hit', {
      callback: (_, message) => {
        const { data } = message.json<{ data: { component_id: string; limit: string } }>()
        events.push(`${data.component_id} ${data.limit}`)
      },
    })
    await nats.flush()
  })
  after(async () => {
    await nats?.close()
    await place.close()
    await receiver.stop()
  })

  const pointsOf = (metric: string) =>
    receiver.requests
      .filter(({ path }) => path === '/v1/metrics')
      .flatMap((request) => [...metricsIn(request).values()])
      .filter(({ name }) => name === metric)
      .flatMap(({ points }) => points)
  const hits = (component: string) =>
    pointsOf('weft.limit.hits')
      .filter(({ attributes }) => attributes['component'] === component)
      .map(({ attributes }) => attributes['limit'])

  async function isTold(component: string, limit: string): Promise<void> {
    await until(() => events.includes(`${component} ${limit}`), { timeoutMs: 20_000, what: 'the event' })
    await until(() => hits(component).includes(limit), { timeoutMs: 20_000, what: 'the metric' })
  }

  for (const { path, body, limit, status, told } of asked) {
    test(`${limit}: ${status} for a client`, async () => {
      const answer = await fetch(web + path, body === undefined ? {} : { method: 'POST', body })
      assert.match(await answer.text(), told)
      assert.equal(answer.status, status)
      await isTold(`limited-${nameOf(limit)}`, limit)
    })
  }

  test('queue: 503 for who finds no room', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => fetch(`${web}/stream`)))
    const texts = await Promise.all(answers.map(async (answer) => `${answer.status} ${await answer.text()}`))
    const refused = texts.filter((text) => text.startsWith('503'))
    assert.equal(refused.length, 3, texts.join())
    assert.match(refused[0] ?? '', /wait/)
    await isTold('limited-queue', 'queue')
  })

  test('a trap in mid-stream counts as one, of its component alone', async () => {
    await fetch(`${web}/trap-mid-stream`).then((answer) => answer.text(), String)
    const traps = () => pointsOf('weft.guest.traps')
    const of = 'limited-traps'
    await until(() => traps().some(({ attributes }) => attributes['component'] === of), {
      timeoutMs: 20_000,
      what: 'the metric',
    })
    assert.deepEqual(new Set(traps().map(({ attributes }) => attributes['component'])), new Set([of]))
    assert.deepEqual(new Set(traps().map(({ asDouble }) => asDouble)), new Set([1]))
  })

  for (const [limit, component, call, told] of [
    ['tables', 'limited-tables', ['tables.must-grow', '1000'], /reached its tables limit/],
    ['buffered', 'limited-buffered', ['api.echo-string', `"${'x'.repeat(101)}"`], /101 bytes/],
  ] as const) {
    test(`${limit}: an error for who calls it over NATS`, async () => {
      const { code, err } = await place.run(['call', component, ...call])
      assert.match(err, told)
      assert.equal(code, 1)
      await isTold(component, limit)
    })
  }

  test('component-size: it does not start', async () => {
    const image = pathToFileURL(join(root, 'manifests/hello/hello.wasm')).href
    await place.run(['scale', 'big', '1', '--ref', image, '--timeout', '1s'])
    await isTold('big', 'component-size')
  })
})

/** Of the component that is to hit it: dashes are not kept in ids. */
const nameOf = (limit: string) => limit.replace('-', '')

function manifestOn(port: number): string {
  const component = (name: string, guest: string, limits: object, instances = 10) => ({
    name,
    type: 'component',
    properties: { image: pathToFileURL(join(root, 'test/guests', guest, `${guest}.wasm`)).href },
    traits: [
      { type: 'spreadscaler', properties: { instances } },
      { type: 'limits', properties: limits },
    ],
  })
  const link = (name: string, path: string) => ({
    type: 'link',
    properties: {
      name,
      namespace: 'wasi',
      package: 'http',
      interfaces: ['incoming-handler'],
      source: { config: [{ name: `limited-${name}`, properties: { path } }] },
      target: { name },
    },
  })
  const http = {
    name: 'http',
    type: 'capability',
    properties: {
      image: 'wasmcloud+builtin://http-server',
      config: [
        {
          name: 'limited-http',
          properties: { routing_mode: 'path', default_address: `127.0.0.1:${port}` },
        },
      ],
    },
    traits: [
      { type: 'spreadscaler', properties: { instances: 1 } },
      ...asked.map(({ limit, path }) => link(nameOf(limit), path)),
      link('queue', '/stream'),
      link('traps', '/trap-mid-stream'),
    ],
  }
  return JSON.stringify({
    apiVersion: 'core.oam.dev/v1beta1',
    kind: 'Application',
    metadata: { name: 'limited', annotations: {} },
    spec: {
      components: [
        http,
        ...asked.map(({ limit, guest, limits }) => component(nameOf(limit), guest, limits)),
        component('queue', 'http-hello-p2', { queue: 1 }, 1),
        component('traps', 'http-trap-p2', {}),
        component('tables', 'tables-c', { tableElements: 1000 }),
        component('buffered', 'calc', { buffered: '100B' }),
      ],
    },
  })
}
