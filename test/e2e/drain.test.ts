import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { startLoad } from '../support/http-requests.ts'
import { type LatticeHost, openLattice, type TestLattice } from '../support/lattice.ts'
import { until } from '../support/until.ts'
import { freePort, root } from '../support/weft.ts'

describe('a host that is drained', () => {
  let lattice: TestLattice
  let url: string
  const workers: LatticeHost[] = []
  before(async () => {
    lattice = await openLattice()
    await lattice.startHost('--controller', '--name', 'web', '--label', 'web=yes')
    for (const name of ['ann', 'bob']) workers.push(await lattice.startHost('--name', name))
    const port = await freePort()
    url = `http://127.0.0.1:${port}/`
    const manifest = join(lattice.place.folder, 'app.json')
    await writeFile(manifest, JSON.stringify(application(port)))
    const deployed = await weft('app', 'deploy', manifest)
    assert.equal(deployed.code, 0, deployed.err)
    await until(
      () =>
        fetch(url).then(
          (answer) => answer.ok,
          () => false,
        ),
      { timeoutMs: 30_000 },
    )
  })
  after(() => lattice.close())

  const weft = (...args: string[]) => lattice.place.run([...args, '--nats-url', lattice.nats.url])
  const componentsOn = async ({ id }: LatticeHost) => (await lattice.client.inventory(id)).components.length

  test('hands its work over under load without losing a request, and takes no new', async () => {
    const [ann] = workers
    assert.ok(ann)
    await until(async () => (await componentsOn(ann)) === 1, { timeoutMs: 30_000 })
    const load = startLoad(url)
    await load.answered(20)
    const drained = await weft('drain', 'ann')
    assert.deepEqual([drained.code, drained.err], [0, ''])
    assert.match(drained.out, /shop-hello has left[\s\S]*ann is drained/)
    await load.answered(50)
    assert.deepEqual(await load.stop(), [])
    assert.equal(await componentsOn(ann), 0)
    const refusal = /this host is draining and takes no new work; `weft drain --undo` ends that/
    const scaled = lattice.client.scale({
      host_id: ann.id,
      component_id: 'new',
      component_ref: 'file:///x.wasm',
      count: 1,
      annotations: {},
      config: [],
      allow_update: false,
    })
    await assert.rejects(scaled, { message: refusal })
    const provider = { host_id: ann.id, provider_id: 'kv', provider_ref: 'wasmcloud+builtin://keyvalue-nats' }
    await assert.rejects(lattice.client.startProvider({ ...provider, config: [], annotations: {} }), {
      message: refusal,
    })
  })

  test('takes work again when that is undone', async () => {
    const [ann] = workers
    assert.ok(ann)
    const undone = await weft('drain', 'ann', '--undo', '-o', 'json')
    assert.deepEqual(JSON.parse(undone.out), { host_id: ann.id, draining: false })
    await until(async () => (await componentsOn(ann)) === 1, { timeoutMs: 30_000 })
  })

  test('keeps what has no other place, and the command says what that is', async () => {
    const waited = await weft('drain', 'web', '--timeout', '3s')
    assert.equal(waited.code, 1)
    assert.match(
      waited.err,
      /after 3 s web still runs .*shop-http; see what they wait for with `weft app status`; the host goes on draining/,
    )
    const longer = await weft('drain', 'web', '--timeout', '6s')
    assert.match(longer.err, /^weft: shop: spread http: .*0 hosts match web=yes \(1 draining\)/m)
    assert.equal((await fetch(url)).status, 200)
    const status = await weft('app', 'status', 'shop')
    assert.match(status.out, /0 hosts match web=yes \(1 draining\)/)
    await weft('drain', 'web', '--undo')
  })

  test('is not waited for in silence when it runs what no application owns', async () => {
    const [, bob] = workers
    assert.ok(bob)
    const path = 'test/guests/http-hello-p2/http-hello-p2.wasm'
    await lattice.scale(bob, { component_id: 'by-hand', count: 1, path })
    const stays =
      /^weft: no application owns by-hand, so nothing moves it: stop it with `(weft stop component by-hand --host bob)`/m
    const drained = await weft('drain', 'bob', '--stop')
    assert.equal(drained.code, 1)
    assert.match(drained.out, /shop-hello has left/)
    const [, advice = ''] = stays.exec(drained.err) ?? []
    const again = await weft('drain', 'bob', '--stop', '-o', 'json')
    assert.deepEqual([again.code, again.out], [1, ''])
    assert.match(again.err, stays)
    const [, ...stop] = advice.split(' ')
    assert.equal((await weft(...stop)).code, 0)
    await until(async () => (await componentsOn(bob)) === 0, { timeoutMs: 30_000 })
  })

  test('is stopped once it is empty, if that is wanted', async () => {
    const stopped = await weft('drain', 'bob', '--stop', '-o', 'json')
    assert.equal(stopped.code, 0, stopped.err)
    assert.deepEqual(JSON.parse(stopped.out), { host_id: workers[1]?.id, draining: true, stopped: true })
    const left = (await lattice.client.ping()).map(({ friendly_name }) => friendly_name)
    assert.deepEqual(left.toSorted(), ['ann', 'web'])
  })
})

/** A web server on the host that is labelled for it, and a component everywhere. */
function application(port: number): object {
  const image = pathToFileURL(join(root, 'test/guests/http-hello-p2/http-hello-p2.wasm')).href
  const address = { name: 'shop-address', properties: { address: `127.0.0.1:${port}` } }
  const spread = [{ name: 'web', requirements: { web: 'yes' } }]
  const link = {
    namespace: 'wasi',
    package: 'http',
    interfaces: ['incoming-handler'],
    source: { config: [address] },
    target: { name: 'hello' },
  }
  return {
    apiVersion: 'core.oam.dev/v1beta1',
    kind: 'Application',
    metadata: { name: 'shop', annotations: { description: 'one component behind a web server' } },
    spec: {
      components: [
        {
          name: 'http',
          type: 'capability',
          properties: { image: 'wasmcloud+builtin://http-server' },
          traits: [
            { type: 'spreadscaler', properties: { instances: 1, spread } },
            { type: 'link', properties: link },
          ],
        },
        {
          name: 'hello',
          type: 'component',
          properties: { image },
          traits: [{ type: 'spreadscaler', properties: { instances: 30 } }],
        },
      ],
    },
  }
}
