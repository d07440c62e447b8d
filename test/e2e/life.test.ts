import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Peer, watchBeats } from '../../src/lattice/beat.ts'
import type { Link } from '../../src/lattice/link.ts'
import { createLog } from '../../src/log.ts'
import { startLoad } from '../support/http-requests.ts'
import { type LatticeHost, openLattice, type TestLattice } from '../support/lattice.ts'
import { until } from '../support/until.ts'
import { freePort } from '../support/weft.ts'

const link = (source_id: string, target: string, wit: string, interfaces: readonly string[]): Link => {
  const [wit_namespace = '', wit_package = ''] = wit.split(':')
  const source_config = source_id === 'http' ? ['address'] : []
  const ends = { source_id, target, name: 'default', source_config, target_config: [] }
  return { ...ends, wit_namespace, wit_package, interfaces }
}

/** What the HTTP server gives each request, in ms. */
const timeoutMs = 6_000

describe('what becomes of calls when hosts and NATS fail', () => {
  let lattice: TestLattice
  let near: LatticeHost
  const far: LatticeHost[] = []
  let url: string
  let beats: ReturnType<typeof watchBeats>
  before(async () => {
    lattice = await openLattice()
    const { connection } = lattice
    beats = watchBeats({ connection, lattice: 'default', log: createLog(() => {}) })
    near = await lattice.startHost('--name', 'near')
    for (const name of ['far-1', 'far-2']) far.push(await lattice.startHost('--name', name))
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    await lattice.client.putConfig('address', {
      address: `127.0.0.1:${port}`,
      timeout_ms: String(timeoutMs),
    })
    await lattice.startProvider(near, 'http', 'http-server')
    await lattice.startProvider(near, 'kv', 'keyvalue-nats')
    for (const host of far)
      await lattice.scale(host, { component_id: 'counter', count: 20, path: 'test/guests/kv-p2/kv-p2.wasm' })
    await lattice.client.putLink(link('counter', 'kv', 'wasi:keyvalue', ['atomics', 'store']))
    await lattice.client.putLink(link('http', 'counter', 'wasi:http', ['incoming-handler']))
    await until(answers, { timeoutMs: 20_000 })
  })
  after(async () => {
    beats.stop()
    await lattice.close()
  })

  const answers = () =>
    fetch(`${url}/increment?warm=1`).then(
      (answer) => answer.status === 200,
      () => false,
    )
  const counted = async (key: string) =>
    Number(/\d+/.exec(await (await fetch(`${url}/get?${key}`)).text())?.[0])
  const names = () => [...beats.peers.values()].map((peer: Peer) => peer.friendlyName).toSorted()

  test('NATS restarts under load: hosts are back with all they had, and no call hangs', async () => {
    const load = startLoad(`${url}/increment?restart=1`)
    await load.answered(50)
    const nats = await lattice.nats.kill()
    await delay(1_500)
    await nats.start()
    await until(() => names().length === 3, { timeoutMs: 20_000 })
    const before = load.good()
    await until(() => load.good() > before + 50, { timeoutMs: 30_000 })
    const wrong = await load.stop()
    assert.ok(load.slowest() < timeoutMs + 4_000, `the slowest answer took ${load.slowest()} ms`)
    assert.ok(
      wrong.every((text) => /^(50[034] |terminated)/.test(text)),
      wrong.join('\n'),
    )
    assert.ok((await counted('restart')) >= load.good())
    const hosts = await until(async () => {
      const found = await lattice.client.ping()
      return found.length === 3 ? found : undefined
    })
    assert.deepEqual(hosts.map((host) => host.friendly_name).toSorted(), ['far-1', 'far-2', 'near'])
    assert.equal((await lattice.client.links()).length, 2)
    assert.equal((await lattice.client.getConfig('address'))?.['timeout_ms'], String(timeoutMs))
    await lattice.client.putLink(link('counter', 'kv', 'wasi:keyvalue', ['atomics', 'store', 'batch']))
    await until(() => answers())
  })

  test('a host that is frozen and thawed does nothing that its callers gave up or sent elsewhere', async () => {
    const [frozen] = far
    assert.ok(frozen)
    for (const key of ['first', 'second']) {
      const load = startLoad(`${url}/increment?${key}=1`)
      await load.answered(100)
      process.kill(frozen.weft.pid, 'SIGSTOP')
      let wrong: readonly string[]
      let value: number
      try {
        await until(() => names().length === 2, { timeoutMs: 20_000 })
        const before = load.good()
        await load.answered(120)
        assert.ok(load.good() > before + 30, 'the other host serves on')
        wrong = await load.stop()
        value = await counted(key)
      } finally {
        process.kill(frozen.weft.pid, 'SIGCONT')
      }
      const good = load.good()
      const sums = `${value} counted, ${good} good, ${wrong.length} lost`
      assert.ok(value >= good && value <= good + wrong.length, sums)
      await until(() => names().length === 3, { timeoutMs: 20_000 })
      for (let number = 0; number < 20; number++) assert.ok(await answers())
      assert.equal(await counted(key), value, 'nothing was counted after the thaw')
    }
  })

  test('kill -9 in mid-call: the caller knows within seconds, and the next call goes elsewhere', async () => {
    await lattice.client.deleteLink(link('http', '', 'wasi:http', []))
    for (const host of far)
      await lattice.scale(host, {
        component_id: 'spinner',
        count: 20,
        path: 'test/guests/http-trap-p2/http-trap-p2.wasm',
      })
    await lattice.client.putLink(link('http', 'spinner', 'wasi:http', ['incoming-handler']))
    await until(() => fetch(url).then(async (answer) => (await answer.text()) === 'fine\n'))
    const inFlightOn = (name: string) =>
      [...beats.peers.values()].find((peer) => peer.friendlyName === name)?.components['spinner']?.inFlight ??
      0
    const [, killed] = far
    assert.ok(killed)
    const spins: Promise<{ status: number; ms: number }>[] = []
    const spin = async () => {
      const start = performance.now()
      const { status } = await fetch(`${url}/spin`)
      return { status, ms: performance.now() - start }
    }
    await until(
      async () => {
        if (spins.length < 12) spins.push(spin())
        await delay(300)
        return inFlightOn('far-2') > 0
      },
      { timeoutMs: 20_000 },
    )
    await killed.weft.stop('SIGKILL')
    const start = performance.now()
    const next = await fetch(url)
    assert.equal(next.status, 200)
    assert.ok(performance.now() - start < 2_500, 'the next call does not wait')
    const ends = await Promise.all(spins)
    const lost = ends.filter(({ status }) => status === 503)
    assert.ok(lost.length > 0, JSON.stringify(ends))
    assert.ok(
      lost.every(({ ms }) => ms < timeoutMs),
      JSON.stringify(ends),
    )
  })
})
