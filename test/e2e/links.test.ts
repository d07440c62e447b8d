import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Link } from '../../src/lattice/link.ts'
import { startLoad } from '../support/http-requests.ts'
import { type LatticeHost, openLattice, type TestLattice } from '../support/lattice.ts'
import { until } from '../support/until.ts'
import { freePort } from '../support/weft.ts'

const greeter = (target: string): Link => ({
  source_id: 'gateway-a',
  target,
  name: 'default',
  wit_namespace: 'weft-example',
  wit_package: 'greetings',
  interfaces: ['greeter'],
  source_config: [],
  target_config: [],
})
const handler = (target: string): Link => ({
  source_id: 'http',
  target,
  name: 'default',
  wit_namespace: 'wasi',
  wit_package: 'http',
  interfaces: ['incoming-handler'],
  source_config: ['address'],
  target_config: [],
})

describe('links that change while calls run, on three hosts', () => {
  let lattice: TestLattice
  let url: string
  const hosts: LatticeHost[] = []
  before(async () => {
    lattice = await openLattice()
    for (let number = 0; number < 3; number++) hosts.push(await lattice.startHost())
    const [first, second, third] = hosts
    assert.ok(first && second && third)
    const gateway = 'manifests/chain/gateway/gateway.wasm'
    const greeterPath = 'manifests/chain/greeter/greeter.wasm'
    const port = await freePort()
    url = `http://127.0.0.1:${port}/?name=Ada`
    await lattice.client.putConfig('address', { address: `127.0.0.1:${port}` })
    await lattice.startProvider(first, 'http', 'http-server')
    await lattice.scale(first, { component_id: 'gateway-a', count: 50, path: gateway })
    await lattice.scale(second, { component_id: 'gateway-b', count: 50, path: gateway })
    await lattice.scale(second, { component_id: 'greeter-a', count: 50, path: greeterPath })
    await lattice.scale(third, { component_id: 'greeter-b', count: 50, path: greeterPath })
    await lattice.client.putLink(greeter('greeter-a'))
    await lattice.client.putLink({ ...greeter('greeter-b'), source_id: 'gateway-b' })
    await lattice.client.putLink(handler('gateway-a'))
    await until(
      () =>
        fetch(url).then(
          (answer) => answer.status === 200,
          () => false,
        ),
      { timeoutMs: 20_000 },
    )
  })
  after(() => lattice.close())

  test('a link that leads from one component to another is retargeted under load, and nothing is lost', async () => {
    const load = startLoad(url)
    for (let turn = 0; turn < 8; turn++) {
      await lattice.client.deleteLink(greeter(''))
      await delay(turn * 60)
      await lattice.client.putLink(greeter(turn % 2 === 0 ? 'greeter-b' : 'greeter-a'))
      await load.answered(50)
    }
    assert.deepEqual(await load.stop(), [])
  })

  test('so is the link of an HTTP server: its port stays open', async () => {
    const load = startLoad(url)
    for (let turn = 0; turn < 8; turn++) {
      await lattice.client.deleteLink(handler(''))
      await delay(turn * 60)
      await lattice.client.putLink(handler(turn % 2 === 0 ? 'gateway-b' : 'gateway-a'))
      await load.answered(50)
    }
    assert.deepEqual(await load.stop(), [])
  })

  test('a link that is not put again is missed after a second, and then at once', async () => {
    await lattice.client.deleteLink(greeter(''))
    const missed = await until(async () => {
      const answer = await fetch(url)
      return answer.status === 200 ? undefined : answer.status
    })
    assert.ok(missed >= 500, String(missed))
    const start = performance.now()
    assert.equal((await fetch(url)).status, missed)
    assert.ok(performance.now() - start < 900)
    await lattice.client.putLink(greeter('greeter-a'))
    await until(() => fetch(url).then((answer) => answer.status === 200))
  })

  test('a guest chooses between several links of one interface, and learns of one that there is not', async () => {
    const [host] = hosts
    assert.ok(host)
    const path = 'test/guests/chooses-link/chooses-link.wasm'
    await lattice.scale(host, { component_id: 'chooser', count: 5, path })
    const named = (name: string, target: string) => ({ ...greeter(target), source_id: 'chooser', name })
    await lattice.client.putLink(named('default', 'greeter-a'))
    await lattice.client.putLink(named('second', 'greeter-b'))
    const ask = (links: readonly string[]) => {
      const asked = ['call', 'chooser', 'greet-by', JSON.stringify(links), '"Ada"', '-o', 'json']
      return lattice.place.run([...asked, '--nats-url', lattice.nats.url])
    }
    const greetBy = async (links: readonly string[]) => {
      const { out, err } = await ask(links)
      assert.equal(err, '')
      return (JSON.parse(out) as { result: { tag?: string; ok?: string; err?: string }[] }).result
    }
    const results = await until(
      async () => {
        const all = await greetBy(['default', 'second', 'third', 'default'])
        return JSON.stringify(all).match(/Ada/g)?.length === 3 ? all : undefined
      },
      { timeoutMs: 30_000 },
    )
    assert.match(
      JSON.stringify(results[2]),
      /interface `weft-example:greetings\/greeter` does not have an existing link with name `third`/,
    )
    await lattice.client.deleteLink(named('second', ''))
    // Who chose it a moment before finds it gone when it calls.
    await until(
      async () => {
        const { out, err } = await ask(['second'])
        if (err !== '') assert.match(err, /has no link named second/)
        return out.includes('does not have an existing link')
      },
      { timeoutMs: 30_000 },
    )
  })
})
