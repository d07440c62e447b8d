import assert from 'node:assert/strict'
import { readdir, readlink } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { Link } from '../../src/lattice/link.ts'
import { decodeOtlp } from '../support/decode-otlp.ts'
import { type LatticeHost, openLattice, type TestLattice } from '../support/lattice.ts'
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { until } from '../support/until.ts'
import { freePort } from '../support/weft.ts'
import { findPeer } from './find-peer.ts'

const { path, skip } = findPeer(
  'http-server-provider',
  'build it with `node test/conformance/build.ts provider-rust`',
)
const patient = { timeoutMs: 60_000 }
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const link = (source_id: string, target: string, over: Partial<Link> = {}): Link => ({
  source_id,
  target,
  name: 'default',
  wit_namespace: 'wasi',
  wit_package: 'http',
  interfaces: ['incoming-handler'],
  source_config: [],
  target_config: [],
  ...over,
})

describe("wasmCloud's HTTP server in Rust as a provider of a Weft host", { skip }, () => {
  let lattice: TestLattice
  let host: LatticeHost
  let receiver: OtlpReceiver
  let url: string

  before(async () => {
    receiver = await startOtlpReceiver()
    lattice = await openLattice()
    host = await lattice.startHost({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    })
    for (const component_id of ['gateway', 'greeter'])
      await lattice.scale(host, {
        component_id,
        count: 10,
        path: `manifests/chain/${component_id}/${component_id}.wasm`,
      })
    const chain = { wit_namespace: 'weft-example', wit_package: 'greetings', interfaces: ['greeter'] }
    await lattice.client.putLink(link('gateway', 'greeter', chain))
    await start()
  })
  after(async () => {
    await lattice.close()
    await receiver.stop()
  })

  const start = () =>
    lattice.client.startProvider({
      host_id: host.id,
      provider_id: 'http',
      provider_ref: pathToFileURL(path).href,
      config: [],
      annotations: { 'wasmcloud.dev/appspec': 'shop' },
    })
  const happened = (name: string) =>
    until(
      () =>
        lattice.events.find((event) => event.name === name && JSON.stringify(event.data).includes('"http"')),
      { ...patient, what: `${name}\n${host.weft.output()}` },
    )
  const listenAnew = async () => {
    const port = await freePort()
    url = `http://127.0.0.1:${port}/?name=Ada`
    await lattice.client.putConfig('address', { address: `127.0.0.1:${port}` })
  }
  const answers = (headers = {}) =>
    until(
      async () =>
        (await fetch(url, { headers }).then(
          (answer) => answer.text(),
          () => '',
        )) === 'Hello Ada, woven by Weft\n',
      { ...patient, what: `an answer\n${host.weft.output()}` },
    )

  test('it is started, is well, hears of a link, and its requests reach the component', async () => {
    await happened('provider_started')
    await happened('health_check_passed')
    await listenAnew()
    await lattice.client.putLink(link('http', 'gateway', { source_config: ['address'] }))
    await answers()
  })

  test('the trace of a request goes on through it, and its own spans carry the application that its host has named', async () => {
    await answers({ traceparent: `00-${traceId}-00f067aa0ba902b7-01` })
    await until(
      () =>
        spansOf(receiver).some(
          (span) =>
            span.traceId === traceId && span.parentSpanId === '00f067aa0ba902b7' && isOf(span, 'gateway'),
        ),
      patient,
    )
    await until(
      () =>
        spansOf(receiver).find((span) => isOf(span, 'http-server-provider'))?.resource[
          'service.namespace'
        ] === 'shop',
      patient,
    )
  })

  test('changed config of its link reaches it each time, though it passes over links that it knows', async () => {
    for (let turn = 0; turn < 10; turn += 1) {
      await listenAnew()
      await answers()
    }
  })

  test('what it writes is in the log with its level and its name', () => {
    assert.match(host.weft.output(), /INFO .*Linking component with provider.* provider=http/)
  })

  test('killed, it is started again with its link', async () => {
    const [pid = 0] = await processesOf(path)
    process.kill(pid, 'SIGKILL')
    await until(async () => (await processesOf(path)).some((one) => one !== pid), patient)
    await answers()
  })

  test('asked to stop, it ends by itself', async () => {
    await lattice.client.stopProvider(host.id, 'http')
    await happened('provider_stopped')
    assert.match(host.weft.output(), /Received termination signal and stopping/)
    await assert.rejects(fetch(url))
  })
})

/** The processes that run a program. */
async function processesOf(program: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const programs = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/exe`).catch(() => '')))
  return pids.filter((_, at) => programs[at] === program).map(Number)
}

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly resource: Readonly<Record<string, unknown>>
}
interface Traces {
  readonly resourceSpans?: readonly {
    readonly resource: { readonly attributes: readonly { key: string; value: { stringValue?: string } }[] }
    readonly scopeSpans: readonly { readonly spans: readonly Omit<Span, 'resource'>[] }[]
  }[]
}

function isOf({ resource }: Span, service: string): boolean {
  return resource['service.name'] === service
}

function spansOf(receiver: OtlpReceiver): Span[] {
  return receiver.requests
    .filter(({ path: at }) => at === '/v1/traces')
    .flatMap(({ raw }) => (decodeOtlp('traces', raw) as Traces).resourceSpans ?? [])
    .flatMap(({ resource, scopeSpans }) => {
      const attributes = resource.attributes.map(({ key, value }) => [key, value.stringValue])
      return scopeSpans.flatMap(({ spans }) =>
        spans.map((span) => ({ ...span, resource: Object.fromEntries(attributes) })),
      )
    })
}
