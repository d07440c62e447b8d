import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { steadyLoad } from '../support/steady-load.ts'
import { until } from '../support/until.ts'
import { openWorkplace } from '../support/weft.ts'

const greeter = 'chain-greeter'
const patience = { timeoutMs: 60_000 }
const autoscaler = `
        - type: autoscaler
          properties:
            min: 0
            max: 12
            target: { requestsPerSecond: 10 }
            downAfter: 3s
            idleAfter: 4s
`

describe('a component that follows its load over two hosts', () => {
  let place: Awaited<ReturnType<typeof openWorkplace>>
  let app: { readonly path: string; readonly url: string }
  before(async () => {
    place = await openWorkplace()
    app = await place.manifest('manifests/chain/app.yaml', (text) => text.trimEnd() + autoscaler)
    const up = place.start(['up', app.path, '--port', '0', '--ephemeral', '--threads', '1'])
    await up.seen(/weft is up/)
    await place.start(['host', '--threads', '1', '--max-instances', '100']).seen(/has joined lattice/)
  })
  after(() => place.close())

  const ask = async () => (await fetch(`${app.url}/?name=Ada`)).text()
  const instances = async (id: string) => {
    const { out } = await place.run(['get', 'inventory', '-o', 'json'])
    const hosts = JSON.parse(out || '[]') as { components: { id: string; max_instances: number }[] }[]
    const found = hosts.flatMap(({ components }) => components.filter((one) => one.id === id))
    return found.reduce((sum, one) => sum + one.max_instances, 0)
  }

  test('it sleeps when nobody calls it, and a request wakes it and is answered', async () => {
    assert.match(await ask(), /Hello Ada/)
    await until(async () => (await instances(greeter)) === 0, patience)
    assert.match((await place.run(['app', 'status', 'chain'])).out, /deployed.*greeter sleeps/)
    assert.match(await ask(), /Hello Ada/)
    assert.equal(await instances(greeter), 1)
    const { out } = await place.run(['traces', 'last', '--component', 'chain-gateway'])
    assert.match(out, /woken/, 'the trace says what it waited for')
  })

  test('weft call wakes it, too', async () => {
    await until(async () => (await instances(greeter)) === 0, patience)
    const { out, err } = await place.run(['call', greeter, 'greeter.greet', '"Ada"'])
    assert.match(out, /Hello Ada/, err)
  })

  test('under load it has more instances on both hosts, without it fewer again, and no request is lost', async () => {
    const load = steadyLoad([`${app.url}/?name=Ada`], { callers: 8, pauseMs: 10 })
    try {
      await until(async () => (await instances(greeter)) === 12, patience)
    } finally {
      assert.deepEqual((await load.stop()).lost, [])
    }
    await until(async () => (await instances(greeter)) === 0, patience)
    assert.match(await ask(), /Hello Ada/)
  })

  test('no host gets more than it can carry, and what finds no room waits', async () => {
    const hosts = JSON.parse((await place.run(['get', 'hosts', '-o', 'json'])).out) as {
      friendly_name: string
      labels: Readonly<Record<string, string>>
    }[]
    const [roomy] = hosts.filter(({ labels }) => labels['weft.capacity.instances'] === '100')
    const [other] = hosts.filter((host) => host !== roomy)
    assert.ok(roomy && other)
    // Each host has five of the gateway's ten instances.
    await place.run(['label', 'put', other.friendly_name, 'weft.capacity.instances=15'])
    const { code, out, err } = await place.run(['scale', greeter, '200', '--timeout', '5s'])
    assert.equal(code, 1)
    assert.match(out, /105 of 200 instances on 2 hosts/)
    assert.match(err, /weft app status chain/)
    assert.match((await place.run(['app', 'status', 'chain'])).out, /with room for 105 of 200 instances/)
    await place.run(['label', 'del', other.friendly_name, 'weft.capacity.instances'])
    await until(async () => (await instances(greeter)) === 200, patience)
    await place.run(['scale', greeter, 'auto'])
  })

  test('by hand it has the number that is asked for, and zero is a stop that no call undoes', async () => {
    const scale = async (count: string) => (await place.run(['scale', greeter, count])).out
    assert.match(await scale('7'), /7 of 7 instances on 2 hosts, until another version of chain is deployed/)
    assert.match(await ask(), /Hello Ada/)
    assert.match(await scale('0'), /0 of 0 instances on 0 hosts/)
    assert.equal((await fetch(app.url)).status, 503)
    assert.equal(await instances(greeter), 0)
    assert.match(await scale('auto'), /of \d+ instances/)
    assert.match(await ask(), /Hello Ada/)
  })
})
