import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'
import { openWorkplace, type RunningWeft } from '../support/weft.ts'
import { findPeer } from './find-peer.ts'
import { type Running, startProgram } from './run-program.ts'
import { textAt } from './text-at.ts'

const program = findPeer('wadm-server', 'build it with `node test/conformance/build.ts wadm`')

interface Item {
  readonly id: string
  readonly max_instances?: number
  readonly annotations: Readonly<Record<string, string>>
}
interface Inventory {
  readonly friendly_name: string
  readonly components: readonly Item[]
  readonly providers: readonly Item[]
}

describe('wadm drives three Weft hosts that run no controller', { skip: program.skip }, () => {
  let nats: NatsServer
  let place: Awaited<ReturnType<typeof openWorkplace>>
  let wadm: Running
  let chain: { readonly path: string; readonly url: string }
  const hosts: RunningWeft[] = []

  before(async () => {
    nats = await startNats()
    place = await openWorkplace()
    const server = nats.url.replace('nats://', '')
    wadm = startProgram(program.path, ['--nats-server', server], { ...place.env, RUST_LOG: 'info' })
    await wadm.seen(/ready/)
    for (const zone of ['eu', 'eu', 'us']) {
      const host = place.start(['host', '--threads', '1', '--label', `zone=${zone}`, '--nats-url', nats.url])
      await host.seen(/has joined lattice default/)
      hosts.push(host)
    }
    chain = await place.manifest('manifests/chain/app.yaml')
  })
  after(async () => {
    await place?.close()
    await wadm?.stop()
    await nats?.stop()
  })

  const weft = (...args: readonly string[]) => place.run([...args, '--nats-url', nats.url])
  const ok = async (...args: readonly string[]) => {
    const { code, out, err } = await weft(...args)
    assert.equal(code, 0, `weft ${args.join(' ')}: ${err}\n${wadm.output().slice(-2000)}`)
    return out
  }
  const inventory = async () => JSON.parse(await ok('get', 'inventory', '-o', 'json')) as Inventory[]
  const running = async () => (await inventory()).flatMap((host) => [...host.components, ...host.providers])
  const instances = async (id: string) =>
    (await running()).filter((one) => one.id === id).reduce((sum, one) => sum + (one.max_instances ?? 1), 0)
  const answers = () => until(() => textAt(`${chain.url}/?name=Ada`), { timeoutMs: 60_000 })

  test('a manifest is deployed within seconds: components, provider, links, config', async () => {
    const start = performance.now()
    await ok('app', 'deploy', chain.path)
    assert.match(await answers(), /Hello Ada/)
    assert.ok(performance.now() - start < 60_000)
    assert.equal(await instances('chain-gateway'), 10)
    for (const one of await running()) {
      assert.equal(one.annotations['wasmcloud.dev/managed-by'], 'wadm')
      assert.equal(one.annotations['wasmcloud.dev/appspec'], 'chain')
    }
    assert.match(await ok('app', 'list'), /chain +\S+ +\S+ +deployed/)
    assert.doesNotMatch(await ok('app', 'status', 'chain'), /failed|waiting|reconciling/)
  })

  test('wadm is content: it gives no more commands', async () => {
    const before = await ok('get', 'inventory', '-o', 'json')
    // It looks again at each heartbeat and event, and 5 s after what it was refused.
    await new Promise((resolve) => setTimeout(resolve, 8_000))
    const without = (text: string) => text.replace(/"uptime_(seconds|human)": [^,\n]*/g, '')
    assert.equal(without(await ok('get', 'inventory', '-o', 'json')), without(before))
    assert.doesNotMatch(wadm.output(), / ERROR |failed to (parse|deserialize)/i)
  })

  test('a new version scales, and pins to labels', async () => {
    const text = await readFile(chain.path, 'utf8')
    const pinned = text.replace(
      /(image: \S+greeter\.wasm[\s\S]*?)instances: 10/,
      '$1instances: 6\n            spread:\n              - name: us\n                requirements: { zone: us }',
    )
    assert.notEqual(pinned, text)
    await writeFile(chain.path, pinned)
    await ok('app', 'deploy', chain.path)
    // It goes on at the next heartbeat: see README.md.
    await until(async () => (await instances('chain-greeter')) === 6, { timeoutMs: 60_000 })
    const holders = (await inventory()).filter((host) =>
      host.components.some(({ id }) => id === 'chain-greeter'),
    )
    const labels = JSON.parse(await ok('get', 'hosts', '-o', 'json')) as {
      friendly_name: string
      labels: Record<string, string>
    }[]
    const zones = holders.map(
      (holder) => labels.find((host) => host.friendly_name === holder.friendly_name)?.labels['zone'],
    )
    assert.deepEqual(zones, ['us'])
    assert.match(await answers(), /Hello Ada/)
  })

  test('what somebody stops is started again', async () => {
    await ok('stop', 'component', 'chain-gateway')
    await until(async () => (await instances('chain-gateway')) === 10, { timeoutMs: 40_000 })
    assert.match(await answers(), /Hello Ada/)
  })

  test('a host that stops loses its work to another', async () => {
    const [first] = hosts
    await first?.stop()
    await until(async () => (await inventory()).length === 2, { timeoutMs: 20_000 })
    await until(
      async () => (await instances('chain-gateway')) === 10 && (await instances('chain-http')) === 1,
      {
        timeoutMs: 60_000,
      },
    )
    assert.match(await answers(), /Hello Ada/)
  })

  test('undeploy and delete leave nothing', async () => {
    await ok('app', 'undeploy', 'chain')
    await until(async () => (await running()).length === 0, { timeoutMs: 30_000 })
    await ok('app', 'delete', 'chain')
    assert.match(await ok('app', 'list'), /no applications/)
    assert.match(await ok('get', 'links'), /no links/)
  })
})
