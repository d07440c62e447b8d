import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { BroadcastChannel } from 'node:worker_threads'
import { defaultRules } from '../../src/artifact/artifacts.ts'
import { startHost } from '../../src/host/host.ts'
import { watchBeats } from '../../src/lattice/beat.ts'
import { connectNats } from '../../src/lattice/connect.ts'
import { createControlClient } from '../../src/lattice/control-client.ts'
import { type LatticeEvent, subscribeEvents } from '../../src/lattice/events.ts'
import { createHostIdentity } from '../../src/lattice/host-identity.ts'
import { requestSpy, subscribeSpied } from '../../src/lattice/spy.ts'
import { createLog } from '../../src/log.ts'
import { noMeasure } from '../../src/measure.ts'
import { startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'
import { freePort, root } from '../support/weft.ts'
import type { Doom } from './mortal-thread.ts'

const patience = { timeoutMs: 30_000 }
const silent = createLog(() => {})

/** A host of two threads in this process that serves two components; its threads can be killed. */
async function openHost() {
  await using started = new AsyncDisposableStack()
  const nats = await startNats()
  started.defer(() => nats.stop())
  const folder = await mkdtemp(join(tmpdir(), 'weft-threads-'))
  started.defer(() => rm(folder, { recursive: true, force: true }))
  const connection = await connectNats({ url: nats.url, name: 'test' })
  started.defer(() => connection.close())
  const events: LatticeEvent[] = []
  subscribeEvents({ connection, lattice: 'default', log: silent, onEvent: (event) => events.push(event) })
  let failure: string | undefined
  let callsLost = 0
  let threadsLost = 0
  const host = await startHost({
    natsUrl: nats.url,
    lattice: 'default',
    labels: {},
    identity: createHostIdentity(undefined, 'mortal'),
    threads: 2,
    cacheDir: join(folder, 'cache'),
    artifactDir: join(folder, 'artifacts'),
    artifacts: defaultRules,
    providerRunner: pathToFileURL(join(root, 'src', 'run-provider.ts')),
    identify: () => {},
    providerTelemetry: () => ({
      env: {},
      otel: { enable_observability: false, protocol: 'Http', additional_ca_paths: [], trace_level: 'info' },
    }),
    dataThread: pathToFileURL(join(import.meta.dirname, 'mortal-thread.ts')),
    log: silent,
    measure: {
      ...noMeasure,
      add: (counter, value) => {
        if (counter !== 'callsLost') return
        callsLost += value
        threadsLost += 1
      },
    },
    traceWork: (_, work) => work(undefined),
    onLog() {},
    onTelemetry() {},
    onStopRequest: (_, why) => {
      failure = why
    },
    env: {},
  })
  started.defer(() => host.stop(1_000))
  const dooms = new BroadcastChannel(`mortal-threads ${host.id}`)
  started.defer(() => dooms.close())
  const client = createControlClient({ connection, lattice: 'default', timeoutMs: 20_000 })
  const happened = (name: string, component: string) =>
    until(
      () =>
        events.find(
          (event) =>
            event.name === name && 'component_id' in event.data && event.data.component_id === component,
        ),
      { ...patience, what: `${name} of ${component}` },
    )
  const beats = watchBeats({ connection, lattice: 'default', log: silent })
  started.defer(() => beats.stop())
  for (const [id, guest, count] of [
    ['good', 'http-hello-p2', 10],
    ['bad', 'http-trap-p2', 1],
  ] as const) {
    await client.scale({
      host_id: host.id,
      component_id: id,
      component_ref: `file://${root}/test/guests/${guest}/${guest}.wasm`,
      count,
      annotations: {},
      config: [],
      allow_update: true,
    })
    await happened('component_scaled', id)
  }
  const urls = new Map<string, string>()
  /** A web server of its own for a component. */
  const openTo = async (id: string, own: number, provider = `http-${id}`) => {
    await client.putConfig(provider, { address: `127.0.0.1:${own}` })
    await client.startProvider({
      host_id: host.id,
      provider_id: provider,
      provider_ref: 'wasmcloud+builtin://http-server',
      config: [],
      annotations: {},
    })
    await client.putLink({
      source_id: provider,
      target: id,
      name: 'default',
      wit_namespace: 'wasi',
      wit_package: 'http',
      interfaces: ['incoming-handler'],
      source_config: [provider],
      target_config: [],
    })
  }
  for (const id of ['good', 'bad']) {
    const own = await freePort()
    await openTo(id, own)
    urls.set(id, `http://127.0.0.1:${own}`)
  }
  const get = async (id: string, at = '/') => {
    const answer = await fetch(`${urls.get(id)}${at}`, { headers: { connection: 'close' } })
    await answer.text()
    return answer.status
  }
  const answers = (id: string) =>
    until(
      () =>
        get(id)
          .then((status) => status === 200)
          .catch(() => false),
      { ...patience, what: `${id} answers` },
    )
  await answers('good')
  await answers('bad')
  /** A component whose messages are handled in order: one thread of the host takes them. */
  const handleInOrder = async () => {
    await client.scale({
      host_id: host.id,
      component_id: 'stock',
      component_ref: `file://${root}/manifests/orders/stock/stock.wasm`,
      count: 5,
      annotations: {},
      config: [],
      allow_update: true,
    })
    await happened('component_scaled', 'stock')
    await client.putConfig('in-order', { subscriptions: 'stock.check', max_in_flight: '1' })
    await client.startProvider({
      host_id: host.id,
      provider_id: 'messages',
      provider_ref: 'wasmcloud+builtin://messaging-nats',
      config: [],
      annotations: {},
    })
    const link = { name: 'default', wit_namespace: 'wasmcloud', wit_package: 'messaging', target_config: [] }
    const own = { source_config: [], interfaces: ['consumer'] }
    await client.putLink({ ...link, ...own, source_id: 'stock', target: 'messages' })
    const handler = { source_config: ['in-order'], interfaces: ['handler'] }
    await client.putLink({ ...link, ...handler, source_id: 'messages', target: 'stock' })
  }
  const inStock = () =>
    until(
      () =>
        connection.request('stock.check', 'tea', { timeout: 1_000 }).then(
          (answer) => answer.string() === '7',
          () => false,
        ),
      { ...patience, what: 'messages are handled' },
    )
  const inFlight = (id: string, count: number) =>
    until(() => beats.peers.get(host.id)?.components[id]?.inFlight === count, {
      ...patience,
      what: `${count} calls to ${id}`,
    })
  const resources = started.move()
  return {
    connection,
    openTo,
    /** What a provider's health check says, once it has failed. */
    complaintOf: async (provider: string) => {
      const failed = await until(
        () =>
          events.find(
            ({ name, data }) =>
              name === 'health_check_failed' && 'provider_id' in data && data.provider_id === provider,
          ),
        { ...patience, what: `a complaint of ${provider}` },
      )
      return JSON.stringify(failed.data)
    },
    handleInOrder,
    inStock,
    inFlight,
    get,
    answers,
    happened,
    failure: () => until(() => failure, { ...patience, what: 'a request to stop' }),
    isWell: () => failure === undefined,
    callsLost: () => callsLost,
    /** Says it until so many threads in all are lost: a thread that has just begun may not listen yet. */
    kill: (doom: Doom, count: number) =>
      until(
        () => {
          if (threadsLost < count) dooms.postMessage(doom)
          return threadsLost >= count
        },
        { ...patience, what: `${count} threads lost` },
      ),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

describe('data threads', () => {
  test('a thread that ends is replaced, and the permits of its calls come free', async () => {
    await using host = await openHost()
    const lost = host.get('bad', '/spin').catch((error: unknown) => error)
    await host.inFlight('bad', 1)
    await host.kill({ roles: ['leader', 'peer'], how: 'end' }, 2)
    assert.ok((await lost) instanceof Error)
    await host.answers('bad')
    await host.answers('good')
    assert.equal(host.callsLost(), 1)
    assert.ok(host.isWell())
  })

  test('what one thread does for the host goes on when that thread is lost', async () => {
    await using host = await openHost()
    await host.handleInOrder()
    await host.inStock()
    await host.kill({ roles: ['leader'], how: 'end' }, 1)
    await host.inStock()
    await host.answers('good')
  })

  test('a successor of the first thread finds out that another program shares a port that is new', async () => {
    await using host = await openHost()
    await host.kill({ roles: ['leader'], how: 'end' }, 1)
    await host.answers('good')
    const port = await freePort()
    const other = createServer((_, response) => response.end('another program')).listen({
      port,
      host: '127.0.0.1',
      reusePort: true,
    })
    try {
      await host.openTo('good', port, 'http-late')
      assert.match(await host.complaintOf('http-late'), /another program listens there/)
      await host.kill({ roles: ['leader'], how: 'end' }, 2)
      await host.answers('good')
      for (let count = 0; count < 20; count += 1) {
        const answer = await fetch(`http://127.0.0.1:${port}`, { headers: { connection: 'close' } })
        assert.equal(await answer.text(), 'another program')
      }
    } finally {
      other.closeAllConnections()
      other.close()
    }
  })

  test('a spy that began before a thread was replaced sees the calls of its successor', async () => {
    await using host = await openHost()
    const { connection } = host
    const spy = { id: 'watcher', target: 'good', args: false, sample: 1, forMs: 60_000 }
    let seen = 0
    const spied = subscribeSpied({
      connection,
      lattice: 'default',
      spyId: spy.id,
      log: silent,
      onSpied: ({ calls }) => {
        seen += calls.length
      },
    })
    await requestSpy({ connection, lattice: 'default', spy })
    await host.kill({ roles: ['leader', 'peer'], how: 'end' }, 2)
    await host.answers('good')
    const before = seen
    await host.get('good')
    await until(() => seen > before, { ...patience, what: 'a call that is seen' })
    spied.stop()
  })

  test('a thread that hangs is replaced', async () => {
    await using host = await openHost()
    await host.kill({ roles: ['leader', 'peer'], how: 'hang' }, 2)
    await host.answers('good')
    assert.ok(host.isWell())
  })

  test('a host whose threads are lost again and again asks to be stopped', async () => {
    await using host = await openHost()
    for (let count = 1; count <= 6; count += 1) {
      await host.kill({ roles: ['leader'], how: 'end' }, count)
      if (count < 6) await host.answers('good')
    }
    assert.match(await host.failure(), /data threads are lost again and again: the test ends this thread/)
  })

  test('a component that traps again and again has a thread of its own, and is stopped when that does not live', async () => {
    await using host = await openHost()
    for (let count = 0; count < 12; count += 1) assert.equal(await host.get('bad', '/trap'), 500)
    await host.happened('component_confined', 'bad')
    await host.answers('bad')
    await host.kill({ roles: ['confined'], how: 'end' }, 1)
    await host.answers('bad')
    await host.answers('good')
    for (let count = 2; count <= 6; count += 1) {
      await host.kill({ roles: ['confined'], how: 'end' }, count)
      if (count < 6) await host.answers('bad')
    }
    const failed = await host.happened('component_scale_failed', 'bad')
    assert.match(JSON.stringify(failed.data), /its thread was lost again and again/)
    assert.equal(await host.get('bad'), 503)
    assert.equal(await host.get('good'), 200)
  })
})
