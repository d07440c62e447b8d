import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'
import type { FakeHost } from './fake-host.ts'
import { component } from './sample.ts'
import { onStage } from './stage.ts'

let nats: NatsServer

before(async () => {
  nats = await startNats()
})
after(() => nats.stop())

const webOf = (image: string, rollout?: object) =>
  component('hello', 6, {
    properties: { image },
    traits: rollout ? [{ type: 'rollout', properties: rollout }] : [],
  })
const imagesOf = (hosts: readonly FakeHost[]) =>
  hosts.map(({ components }) => components.get('my_app-hello')?.image_ref).toSorted()

test('a new version goes to one host, then to all; no host is ever stopped for it', () =>
  onStage(nats, async ({ host, controller, deploy, settled }) => {
    const hosts = [await host(), await host(), await host()]
    await controller()
    await deploy([webOf('file:///v1.wasm')])
    await settled('deployed')
    await deploy([webOf('file:///v2.wasm', { pause: '1s' })], 'v2')
    await until(() => imagesOf(hosts).includes('file:///v2.wasm'))
    assert.equal(imagesOf(hosts).filter((image) => image === 'file:///v2.wasm').length, 1)
    await settled('deployed')
    assert.deepEqual(imagesOf(hosts), Array(3).fill('file:///v2.wasm'))
    assert.ok(hosts.every(({ commands }) => !commands.includes('scale my_app-hello 0')))
  }))

test('a version that does not start is taken back, with the reason in status and history', () =>
  onStage(nats, async ({ host, controller, deploy, settled, apps }) => {
    const hosts = [await host(), await host(), await host()]
    await controller()
    await deploy([webOf('file:///v1.wasm')])
    await settled('deployed')
    const before = hosts.map(({ commands }) => commands.length)
    for (const one of hosts) one.failWith('my_app-hello', 'no such file')
    await deploy([webOf('file:///v2.wasm')], 'v2')
    await until(
      async () => (await apps.versions('my-app')).find(({ deployed }) => deployed)?.version === 'v1',
    )
    await settled('deployed')
    const { status, rolledBack, version } = await apps.status('my-app')
    assert.equal(version, 'v1')
    assert.match(
      status.message,
      /^rolled back from v2: my_app-hello on [a-z]+-[a-z]+-\d+ \(N[A-Z2-7]{7}\): no such file$/,
    )
    assert.equal(rolledBack?.from, 'v2')
    assert.deepEqual(imagesOf(hosts), Array(3).fill('file:///v1.wasm'))
    const touched = hosts.filter(({ commands }, at) => commands.length > (before[at] ?? 0))
    assert.equal(touched.length, 1, 'only one host was ever tried')
    const last = (await apps.history('my-app')).at(-1)
    assert.deepEqual([last?.did, last?.version, last?.from], ['automatic rollback', 'v1', 'v2'])
  }))

test('a version whose calls trap is taken back while it is watched', () =>
  onStage(nats, async ({ host, controller, deploy, settled, apps }) => {
    const hosts = [await host(), await host(), await host()]
    for (const one of hosts) one.load('my_app-hello', { calls: 100, traps: 50 })
    await controller()
    await deploy([webOf('file:///v1.wasm')])
    await settled('deployed')
    await deploy([webOf('file:///v2.wasm', { pause: '60s', maxTrapRate: '10%' })], 'v2')
    await until(async () => /1 of 3 hosts, watched 60 s/.test((await apps.status('my-app')).status.message))
    const fresh = hosts.find(
      ({ components }) => components.get('my_app-hello')?.image_ref === 'file:///v2.wasm',
    )
    const old = hosts.find((one) => one !== fresh)
    old?.load('my_app-hello', { calls: 110, traps: 60 })
    fresh?.load('my_app-hello', { calls: 110, traps: 58 })
    await until(async () => (await apps.status('my-app')).rolledBack)
    await settled('deployed')
    assert.match(
      (await apps.status('my-app')).status.message,
      /hello: 8 of 10 calls trapped on the hosts with the new/,
    )
    assert.deepEqual(imagesOf(hosts), Array(3).fill('file:///v1.wasm'))
  }))

test('a roll-out goes on where it was when another controller takes over', () =>
  onStage(nats, async ({ host, controller, deploy, settled }) => {
    const hosts = [await host(), await host()]
    const first = await controller()
    await deploy([webOf('file:///v1.wasm')])
    await settled('deployed')
    await deploy([webOf('file:///v2.wasm', { pause: '3s' })], 'v2')
    await until(() => imagesOf(hosts).includes('file:///v2.wasm'))
    await first.stop()
    await controller()
    await settled('deployed')
    assert.deepEqual(imagesOf(hosts), Array(2).fill('file:///v2.wasm'))
  }))
