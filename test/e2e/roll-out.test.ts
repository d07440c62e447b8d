import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { mendedGreeter } from '../support/mended-greeter.ts'
import { steadyLoad } from '../support/steady-load.ts'
import { until } from '../support/until.ts'
import { openWorkplace, root } from '../support/weft.ts'

type Workplace = Awaited<ReturnType<typeof openWorkplace>>

const patience = { timeoutMs: 90_000 }

describe('new versions roll out over three hosts under load', () => {
  let place: Workplace
  let app: { path: string; url: string }
  /** The greeter with another greeting of the same length: the next version of its team. */
  let mended: string
  const loads: ReturnType<typeof steadyLoad>[] = []
  const startLoad = (path: string, isGood?: (answer: Response) => boolean) => {
    const load = steadyLoad([`${app.url}${path}`], { callers: 12, pauseMs: 0, ...(isGood && { isGood }) })
    loads.push(load)
    return load
  }

  before(async () => {
    place = await openWorkplace()
    app = await place.manifest('manifests/chain/app.yaml')
    mended = await mendedGreeter(place.folder)
    const up = place.start(['up', '--port', '0', '--threads', '1'])
    await up.seen(/weft is up/)
    const hosts = [1, 2].map(() => place.start(['host', '--threads', '1']))
    await Promise.all(hosts.map((host) => host.seen(/has joined lattice default/)))
    const deployed = await place.run(['app', 'deploy', app.path])
    assert.equal(deployed.code, 0, deployed.err)
    await until(async () => (await imagesOf(place, 'chain-greeter')).length === 3, patience)
  })
  after(async () => {
    await Promise.all(loads.map((load) => load.stop()))
    await place.close()
  })

  /** Deploys the manifest as it was at first, changed. */
  const deployChanged = async (name: string, change: (text: string) => string) => {
    const path = join(place.folder, `${name}.yaml`)
    await writeFile(path, change(await readFile(app.path, 'utf8')))
    return place.run(['app', 'deploy', path, '--timeout', '80s'])
  }

  test('weft update mends the one shared component on all hosts, and no request fails', async () => {
    const load = startLoad('/?name=Ada')
    await until(() => load.matching(/woven by Weft/) > 200, patience)
    const { code, out, err } = await place.run(['update', 'chain-greeter', mended])
    assert.equal(code, 0, err)
    assert.match(out, /^chain-greeter is file:.*mended\.wasm in chain \S+: deployed$/m)
    await until(() => load.matching(/mended by You/) > 100, patience)
    assert.deepEqual((await load.stop()).lost, [])
    const images = await imagesOf(place, 'chain-greeter')
    assert.deepEqual(
      images.map((image) => image.endsWith('mended.wasm')),
      [true, true, true],
    )
    assert.match(await (await fetch(`${app.url}/?name=Ada`)).text(), /Hello Ada, mended by You/)
  })

  test('a version that is no component is taken back before any host runs it, and no request fails', async () => {
    const before = await imagesOf(place, 'chain-greeter')
    const load = startLoad('/?name=Ada')
    const bad = pathToFileURL(join(root, 'test/guests/core-module.wasm')).href
    const { code, out, err } = await place.run(['update', 'chain-greeter', bad])
    assert.equal(code, 1)
    assert.match(out, /rolled back from \S+$/m)
    assert.match(err, /^weft: \S+ did not run well: chain-greeter on \S+ \(N\w{7}\): .*core/m)
    assert.deepEqual((await load.stop()).lost, [])
    assert.deepEqual(await imagesOf(place, 'chain-greeter'), before)
    const status = await place.run(['app', 'status', 'chain'])
    assert.match(status.out, /^chain \S+: deployed, rolled back from \S+: chain-greeter on /m)
    const history = await place.run(['app', 'history', 'chain'])
    assert.match(history.out, /automatic rollback/)
  })

  test('a version whose calls trap is taken back while it is watched; only its first host ever ran it', async () => {
    const load = startLoad('/trap', ({ status }) => status === 404)
    const trap = pathToFileURL(join(root, 'test/guests/http-trap-p2/http-trap-p2.wasm')).href
    const { code, out, err } = await deployChanged('traps', (text) =>
      text
        .replace(/image: file:.*gateway\.wasm/, `image: ${trap}`)
        .replace(/(- name: gateway\n[\s\S]*?traits:\n)/, `$1${rollout('pause: 60s, maxTrapRate: 10%')}`),
    )
    assert.equal(code, 1, out)
    assert.match(err, /did not run well: gateway: \d+ of \d+ calls trapped on the hosts with the new version/)
    await until(async () =>
      (await imagesOf(place, 'chain-gateway')).every((image) => image.endsWith('gateway.wasm')),
    )
    const { good, lost } = await load.stop()
    assert.ok(lost.length > 0 && good > 0, `${lost.length} lost, ${good} good`)
    assert.match(await (await fetch(`${app.url}/?name=Ada`)).text(), /Hello Ada/)
  })

  test('a link that goes to a new component instead loses no request', async () => {
    const load = startLoad('/?name=Ada')
    const { code, err } = await deployChanged('other-greeter', (text) =>
      text
        .replace(/name: greeter\n/g, 'name: warm-greeter\n')
        .replace(/image: file:.*greeter\.wasm/, `image: ${pathToFileURL(mended).href}`),
    )
    assert.equal(code, 0, err)
    await until(async () => (await imagesOf(place, 'chain-greeter')).length === 0, patience)
    await until(() => load.matching(/mended by You/) > 100, patience)
    assert.deepEqual((await load.stop()).lost, [])
    assert.equal((await imagesOf(place, 'chain-warm_greeter')).length, 3)
  })

  test('a config of a component with the trait rolls out with it, and no request fails', async () => {
    const load = startLoad('/?name=Ada')
    const { code, err } = await deployChanged('config', (text) =>
      text.replace(
        /(- name: greeter\n {6}type: component\n {6}properties:\n)(.*\n)( {6}traits:\n)/,
        `$1$2        config: [{ name: mood, properties: { mood: good } }]\n$3${rollout('steps: [1, 2], pause: 1s')}`,
      ),
    )
    assert.equal(code, 0, err)
    assert.deepEqual((await load.stop()).lost, [])
    const { out } = await place.run(['get', 'inventory', '-o', 'json'])
    assert.match(out, /chain-mood-[0-9a-f]{8}/)
  })

  test('by hand: host after host, waited for; what does not start leaves all as it was', async () => {
    const greeter = join(root, 'manifests/chain/greeter/greeter.wasm')
    await place.run(['scale', 'by-hand', '2', '--ref', greeter, '--all-hosts'])
    const good = await place.run(['update', 'by-hand', mended])
    assert.equal(good.code, 0, good.err)
    assert.match(good.out, /^(.*greeter\.wasm → file:.*mended\.wasm\n){3}$/)
    const bad = await place.run(['update', 'by-hand', join(root, 'test/guests/core-module.wasm')])
    assert.equal(bad.code, 1)
    assert.match(bad.err, /^weft: \S+: .*core-module.* is a core WebAssembly module.*\n$/)
    const images = await imagesOf(place, 'by-hand')
    assert.ok(images.length === 3 && images.every((image) => image.endsWith('mended.wasm')))
    const one = await place.run(['update', 'chain-gateway', greeter, '--host', 'x'])
    assert.equal(one.code, 2)
  })
})

function rollout(properties: string): string {
  return `        - { type: rollout, properties: { ${properties} } }\n`
}

/** The image of a component on each host that runs it. */
async function imagesOf(place: Workplace, id: string): Promise<string[]> {
  const { out } = await place.run(['get', 'inventory', '-o', 'json'])
  const inventories = JSON.parse(out) as { components: { id: string; image_ref: string }[] }[]
  return inventories.flatMap(({ components }) =>
    components.filter((component) => component.id === id).map(({ image_ref }) => image_ref),
  )
}
