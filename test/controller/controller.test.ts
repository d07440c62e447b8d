import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { connectNats } from '../../src/lattice/connect.ts'
import { createControlClient } from '../../src/lattice/control-client.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'
import type { FakeHost } from './fake-host.ts'
import { component, linkTo, manifestOf, provider } from './sample.ts'
import { onStage } from './stage.ts'

let nats: NatsServer

before(async () => {
  nats = await startNats()
})
after(() => nats.stop())

const shop = [
  component('hello', 4, {
    properties: { config: [{ name: 'lang', properties: { lang: 'de' } }] },
    traits: [linkTo('kv', { target: { name: 'kv', config: [{ name: 'url', properties: { url: 'x' } }] } })],
  }),
  provider('kv'),
]

const instances = (host: FakeHost) => host.components.get('my_app-hello')?.max_instances ?? 0

test('a deployed application runs, is spread over the hosts, and is told as deployed', () =>
  onStage(nats, async ({ host, controller, deploy, settled, buckets, apps }) => {
    const hosts = [await host(), await host()]
    await controller()
    await deploy(shop)
    await settled('deployed')
    assert.deepEqual(hosts.map(instances), [2, 2])
    assert.equal(hosts.filter(({ providers }) => providers.has('my_app-kv')).length, 1)
    assert.deepEqual(await buckets.readConfig('my_app-lang'), { lang: 'de' })
    const spec = await buckets.readSpec('my_app-hello')
    assert.deepEqual(spec?.links[0]?.target_config, ['my_app-url'])
    const [summary] = await apps.list()
    assert.equal(summary?.deployedVersion, 'v1')
    assert.equal(summary.status.status.type, 'deployed')
  }))

test('a new version scales and swaps in place, and takes away what it no longer has', () =>
  onStage(nats, async ({ host, controller, deploy, settled, buckets }) => {
    const only = await host()
    await controller()
    await deploy(shop)
    await settled('deployed')
    await deploy([component('hello', 7, { properties: { image: 'file:///new.wasm' } })], 'v2')
    await until(() => instances(only) === 7 && only.providers.size === 0)
    await until(async () => (await buckets.readSpec('my_app-hello'))?.links.length === 0)
    await until(async () => (await buckets.readConfig('my_app-lang')) === undefined)
    await settled('deployed')
    assert.equal(only.components.get('my_app-hello')?.image_ref, 'file:///new.wasm')
    assert.ok(!only.commands.includes('scale my_app-hello 0'))
  }))

test('undeploying and deleting remove what was made, and nothing else', () =>
  onStage(nats, async ({ host, controller, deploy, settled, buckets, apps }) => {
    const only = await host()
    await controller()
    await buckets.putConfig('mine', '{"a":"b"}')
    await deploy(shop)
    await settled('deployed')
    await apps.undeploy('my-app')
    await until(() => only.components.size === 0 && only.providers.size === 0)
    await until(async () => (await buckets.readConfig('my_app-url')) === undefined)
    await settled('undeployed')
    await apps.deploy('my-app')
    await settled('deployed')
    assert.equal(await apps.delete('my-app'), true)
    await until(() => only.components.size === 0 && only.providers.size === 0)
    await until(async () => (await buckets.readConfig('my_app-url')) === undefined)
    assert.deepEqual(await buckets.readConfig('mine'), { a: 'b' })
    await assert.rejects(apps.status('my-app'), { code: 'not_found' })
  }))

test('the work of a host that dies is placed elsewhere', () =>
  onStage(nats, async ({ host, controller, deploy, settled }) => {
    const hosts = [await host(), await host()]
    await controller()
    await deploy(shop)
    await settled('deployed')
    const victim = hosts.find(({ providers }) => providers.size > 0)
    const survivor = hosts.find(({ providers }) => providers.size === 0)
    assert.ok(victim && survivor)
    await victim.kill()
    await until(() => instances(survivor) === 4 && survivor.providers.has('my_app-kv'))
    await settled('deployed')
  }))

test('no fitting host is waited for, with the reason, and used when it comes', () =>
  onStage(nats, async ({ host, controller, deploy, settled, apps }) => {
    await host()
    await controller()
    await deploy([component('hello', 1, { spread: [{ name: 'eu', requirements: { zone: 'eu' } }] })])
    await settled('waiting')
    assert.match((await apps.status('my-app')).status.message, /0 hosts match zone=eu/)
    const fitting = await host({ zone: 'eu' })
    await settled('deployed')
    assert.equal(instances(fitting), 1)
  }))

test('a component that fails to start is told with the host’s error, tried again with pauses, and recovers', () =>
  onStage(nats, async ({ host, controller, deploy, settled, apps }) => {
    const only = await host()
    only.failWith('my_app-hello', 'file not found: /hello.wasm')
    await controller()
    await deploy([component('hello', 1)])
    await settled('failed')
    assert.match((await apps.status('my-app')).status.message, /file not found: \/hello\.wasm/)
    const startedAt = performance.now()
    await until(() => only.commands.length === 3)
    assert.ok(performance.now() - startedAt > 1_500, 'the second pause is longer than the first')
    only.failWith('my_app-hello', undefined)
    await settled('deployed')
  }))

test('a controller that starts again finds all in order and commands nothing', () =>
  onStage(nats, async ({ host, controller, deploy, settled, apps }) => {
    const only = await host()
    const first = await controller()
    await deploy(shop)
    await settled('deployed')
    await first.stop()
    const before = [...only.commands]
    const second = await controller()
    await until(() => second.leads())
    // A new wish shows that it works; nothing but this wish may be done.
    await deploy(
      [
        {
          ...component('hello', 5, { properties: shop[0]?.properties ?? {} }),
          traits: [
            { type: 'spreadscaler', properties: { instances: 5 } },
            linkTo('kv', { target: { name: 'kv', config: [{ name: 'url', properties: { url: 'x' } }] } }),
          ],
        },
        provider('kv'),
      ],
      'v2',
    )
    await until(() => instances(only) === 5)
    await settled('deployed')
    assert.deepEqual(only.commands.slice(before.length), ['scale my_app-hello 5'])
    assert.deepEqual(
      (await apps.versions('my-app')).map(({ version }) => version),
      ['v1', 'v2'],
    )
  }))

test('a controller that starts later knows of a provider that was not well before', () =>
  onStage(nats, async ({ host, controller, deploy, settled, apps }) => {
    const only = await host()
    const first = await controller()
    await deploy(shop)
    await settled('deployed')
    await first.stop()
    only.sicken('my_app-kv', 'the store is gone')
    await controller()
    await settled('unhealthy')
    assert.match((await apps.status('my-app')).status.message, /kv: the store is gone/)
  }))

test('of two controllers one acts, and the other takes over when it dies', () =>
  onStage(nats, async ({ host, controller, deploy, settled }) => {
    const only = await host()
    const [first, second] = [await controller(), await controller()]
    await deploy([component('hello', 1)])
    await settled('deployed')
    assert.deepEqual([first.leads(), second.leads()], [true, false])
    assert.deepEqual(only.commands, ['scale my_app-hello 1'])
    await first.kill()
    await until(() => second.leads(), { timeoutMs: 3_000 })
    await until(() => !first.leads())
    await deploy([component('hello', 3)], 'v2')
    await until(() => instances(only) === 3)
    assert.deepEqual(only.commands, ['scale my_app-hello 1', 'scale my_app-hello 3'])
  }))

test('what somebody stops by hand is started again, a config they delete is put again', () =>
  onStage(nats, async ({ host, controller, deploy, settled, buckets, lattice }) => {
    const only = await host()
    await controller()
    await deploy(shop)
    await settled('deployed')
    await buckets.deleteConfig('my_app-lang')
    await until(async () => await buckets.readConfig('my_app-lang'))
    const connection = await connectNats({ url: nats.url, name: 'by hand' })
    await createControlClient({ connection, lattice }).stopProvider(only.id, 'my_app-kv')
    await until(() => only.commands.filter((command) => command === 'start my_app-kv').length === 2)
    await connection.close()
    await settled('deployed')
  }))

test('with no host in the lattice an application waits', () =>
  onStage(nats, async ({ controller, deploy, settled, apps }) => {
    await controller()
    await deploy([component('hello', 1)])
    await settled('waiting')
    assert.match((await apps.status('my-app')).status.message, /0 hosts in the lattice/)
  }))

test('while NATS is frozen no host counts as lost, and afterwards nothing is done again', async () => {
  const own = await startNats()
  try {
    await onStage(own, async ({ host, controller, deploy, settled }) => {
      const hosts = [await host(), await host()]
      const { leads } = await controller()
      await deploy(shop)
      await settled('deployed')
      const before = hosts.map(({ commands }) => [...commands])
      own.process.kill('SIGSTOP')
      try {
        // Longer than silence that makes a host count as gone: the lease has lapsed by then, too.
        await until(() => !leads())
        const end = performance.now() + 1_000
        await until(() => performance.now() > end)
      } finally {
        own.process.kill('SIGCONT')
      }
      await until(() => leads(), { timeoutMs: 10_000 })
      await deploy([...shop, component('late', 1)], 'v2')
      await until(() => hosts.some(({ components }) => components.has('my_app-late')))
      await settled('deployed')
      const done = hosts.map(({ commands }, index) => commands.slice(before[index]?.length))
      assert.deepEqual(done.flat(), ['scale my_app-late 1'])
    })
  } finally {
    await own.stop()
  }
})

test('a host that hangs and a component that never starts hold up nobody else', () =>
  onStage(nats, async ({ host, controller, apps }) => {
    const hung = await host({ zone: 'a' })
    const well = await host({ zone: 'b' })
    well.failWith('broken-hello', 'no such file')
    await controller()
    await until(async () => (await apps.list()).length === 0)
    await hung.hang()
    const deploy = async (name: string, zone: string) => {
      const spread = [{ name: zone, requirements: { zone } }]
      await apps.put(JSON.stringify(manifestOf([component('hello', 1, { spread })], { name }).source))
      await apps.deploy(name)
    }
    await deploy('stuck', 'a')
    await deploy('broken', 'b')
    const start = performance.now()
    for (let i = 0; i < 5; i++) await deploy(`quick-${i}`, 'b')
    await until(() => [0, 1, 2, 3, 4].every((i) => well.components.has(`quick_${i}-hello`)))
    const tookMs = performance.now() - start
    assert.ok(tookMs < 1_900, `it took ${tookMs} ms; a command to a host that hangs times out after 2000`)
    await until(async () => (await apps.status('broken')).status.type === 'failed')
    await until(async () => (await apps.status('stuck')).status.type === 'failed')
    assert.match((await apps.status('broken')).status.message, /no such file \(tried/)
  }))

test('what its host gives up again and again stays away longer each time, and is told', () =>
  onStage(nats, async ({ host, controller, deploy, settled, apps }) => {
    const only = await host()
    await controller()
    await deploy([component('hello', 1), component('other', 1)])
    await settled('deployed')
    only.giveUp('my_app-hello', 'its thread was lost again and again')
    const gaveUpAt = performance.now()
    await settled('failed')
    assert.match((await apps.status('my-app')).status.message, /thread was lost again and again \(tried once/)
    assert.ok(only.components.has('my_app-other'))
    await until(() => instances(only) === 1, { timeoutMs: 20_000 })
    assert.ok(performance.now() - gaveUpAt > 4_900, 'it stayed away for five seconds')
    await settled('deployed')
  }))

test('what was asked of a host that is then lost is asked of another at once', () =>
  onStage(nats, async ({ host, controller, deploy, settled }) => {
    const hosts = [await host(), await host()]
    await controller()
    await deploy([component('hello', 1)])
    await settled('deployed')
    const [busy] = hosts.filter((each) => instances(each) > 0)
    const [free] = hosts.filter((each) => each !== busy)
    assert.ok(busy && free)
    await busy.hang()
    await deploy([component('hello', 2), provider('kv', 2)], 'v2')
    const beats = performance.now() + 200
    await until(() => performance.now() > beats)
    await busy.kill()
    const start = performance.now()
    await until(() => instances(free) === 2)
    const tookMs = performance.now() - start
    assert.ok(tookMs < 1_500, `it took ${tookMs} ms: a silent host is lost after 700, a command after 2000`)
  }))
