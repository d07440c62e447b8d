import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { defaultRules } from '../../src/artifact/artifacts.ts'
import { startHost } from '../../src/host/host.ts'
import type { HostOptions } from '../../src/host/host-options.ts'
import { connectNats } from '../../src/lattice/connect.ts'
import { createControlClient } from '../../src/lattice/control-client.ts'
import { type LatticeEvent, subscribeEvents } from '../../src/lattice/events.ts'
import { createHostIdentity } from '../../src/lattice/host-identity.ts'
import { createLog } from '../../src/log.ts'
import { noMeasure } from '../../src/measure.ts'
import { startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'
import { root } from '../support/weft.ts'

const silent = createLog(() => {})
const settings = (telemetry: object) => ({ 'weft.dev/settings': JSON.stringify({ telemetry }) })

/** A host of one thread in this process, and what it says of who its components and providers are. */
async function openHost() {
  await using started = new AsyncDisposableStack()
  const nats = await startNats()
  started.defer(() => nats.stop())
  const folder = await mkdtemp(join(tmpdir(), 'weft-work-'))
  started.defer(() => rm(folder, { recursive: true, force: true }))
  const connection = await connectNats({ url: nats.url, name: 'test' })
  started.defer(() => connection.close())
  const events: LatticeEvent[] = []
  subscribeEvents({ connection, lattice: 'default', log: silent, onEvent: (event) => events.push(event) })
  const identified: Parameters<HostOptions['identify']>[0][] = []
  const host = await startHost({
    natsUrl: nats.url,
    lattice: 'default',
    labels: {},
    identity: createHostIdentity(undefined, 'worker'),
    threads: 1,
    cacheDir: join(folder, 'cache'),
    artifactDir: join(folder, 'artifacts'),
    artifacts: defaultRules,
    providerRunner: pathToFileURL(join(root, 'src', 'run-provider.ts')),
    identify: (maker) => identified.push(maker),
    providerTelemetry: () => assert.fail('no provider process is started'),
    dataThread: pathToFileURL(join(root, 'src', 'data-thread.ts')),
    log: silent,
    measure: noMeasure,
    traceWork: (_, work) => work(undefined),
    onLog() {},
    onTelemetry() {},
    onStopRequest() {},
    env: {},
  })
  started.defer(() => host.stop(1_000))
  const client = createControlClient({ connection, lattice: 'default', timeoutMs: 20_000 })
  const happened = (name: LatticeEvent['name'], count: number) =>
    until(() => events.filter((event) => event.name === name).length === count, {
      timeoutMs: 60_000,
      what: `${name} for the ${count}. time`,
    })
  const own = started.move()
  return { host, client, identified, happened, [Symbol.asyncDispose]: () => own.disposeAsync() }
}

test('a component whose update fails stays who it was, and nobody is known by a collector that may not be named', async () => {
  await using lattice = await openHost()
  const { host, client, identified, happened } = lattice
  const running = {
    host_id: host.id,
    component_id: 'hello',
    component_ref: `file://${root}/test/guests/http-hello-p2/http-hello-p2.wasm`,
    count: 1,
    annotations: settings({ endpoint: 'http://127.0.0.1:1' }),
    config: [],
    allow_update: true,
  }
  await client.scale(running)
  await happened('component_scaled', 1)
  const before = identified.at(-1)
  assert.deepEqual(before?.telemetry, { endpoint: 'http://127.0.0.1:1' })

  const elsewhere = settings({ endpoint: 'http://127.0.0.1:2' })
  await client.scale({ ...running, component_ref: 'file:///there/is/none.wasm', annotations: elsewhere })
  await happened('component_scale_failed', 1)
  assert.deepEqual(identified.at(-2)?.telemetry, { endpoint: 'http://127.0.0.1:2' })
  assert.deepEqual(identified.at(-1), before)

  const linkLocal = settings({ endpoint: 'http://169.254.169.254' })
  await client.scale({ ...running, annotations: linkLocal })
  await happened('component_scale_failed', 2)
  await client.startProvider({
    host_id: host.id,
    provider_id: 'http',
    provider_ref: 'wasmcloud+builtin://http-server',
    config: [],
    annotations: linkLocal,
  })
  await happened('provider_start_failed', 1)
  assert.doesNotMatch(JSON.stringify(identified), /169\.254/)
})
