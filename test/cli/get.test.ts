import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { NatsConnection } from 'nats'
import { connectNats } from '../../src/lattice/connect.ts'
import type { HostInventory } from '../../src/lattice/inventory.ts'
import { createLog } from '../../src/log.ts'
import { type FakeHost, startFakeHost } from '../lattice/fake-host.ts'
import { openCli } from '../support/run-cli.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'

let nats: NatsServer
let connection: NatsConnection
let cli: Awaited<ReturnType<typeof openCli>>
let hosts: readonly FakeHost[]
const log = createLog(() => undefined)

before(async () => {
  nats = await startNats()
  connection = await connectNats({ url: nats.url, name: 'hosts' })
  cli = await openCli({ WEFT_NATS_URL: nats.url, WEFT_LATTICE: 'get' })
  hosts = [await startHost({ zone: 'eu' }), await startHost({ 'hostcore.os': 'linux' })]
  await hosts[0]?.buckets.putConfig('hello-config', '{"greeting":"Hello"}')
  await hosts[0]?.buckets.putLink({
    source_id: 'http',
    target: 'hello',
    name: 'default',
    wit_namespace: 'wasi',
    wit_package: 'http',
    interfaces: ['incoming-handler'],
    source_config: ['hello-http'],
    target_config: [],
  })
})
after(async () => {
  for (const host of hosts) await host.stop()
  await connection.close()
  await nats.stop()
  await cli.close()
})

/** A host that runs the component `hello` and the provider `http`. */
async function startHost(labels: Readonly<Record<string, string>>): Promise<FakeHost> {
  const annotations = { 'wasmcloud.dev/appspec': 'shop' }
  const runs = {
    components: [
      {
        id: 'hello',
        image_ref: 'file:///hello.wasm',
        annotations,
        revision: 0,
        max_instances: 5,
        limits: null,
      },
    ],
    providers: [{ id: 'http', image_ref: 'http-server', annotations: {}, revision: 0 }],
  }
  const host: FakeHost = await startFakeHost({
    connection,
    lattice: 'get',
    log,
    labels,
    handlers: { inventory: () => inventoryOf(host) },
  })
  const inventoryOf = ({ inventory }: FakeHost): HostInventory => ({ ...inventory, ...runs })
  return host
}

const json = async (...args: readonly string[]): Promise<unknown> =>
  JSON.parse((await cli.run(...args, '-o', 'json')).out)

test('hosts come with name, id, uptime, version and their own labels', async () => {
  const { code, out } = await cli.run('get', 'hosts')
  assert.equal(code, 0)
  for (const { summary } of hosts)
    assert.match(out, new RegExp(`^${summary.friendly_name} +${summary.id} +1m 30s +0\\.1\\.0`, 'm'))
  assert.match(out, /zone=eu/)
  assert.doesNotMatch(out, /hostcore/)
  const ids = ((await json('get', 'hosts')) as { id: string }[]).map(({ id }) => id)
  assert.deepEqual(new Set(ids), new Set(hosts.map(({ id }) => id)))
})

test('the inventory of all hosts, or of one by id, beginning of the id, or name', async () => {
  const [host] = hosts
  assert.ok(host)
  const all = await cli.run('get', 'inventory')
  assert.equal(all.out.match(/component +hello +5 +shop +file:\/\/\/hello\.wasm/g)?.length, 2)
  assert.equal(all.out.match(/provider +http /g)?.length, 2)
  for (const name of [host.id, host.id.slice(0, 12).toLowerCase(), host.summary.friendly_name]) {
    const found = (await json('get', 'inventory', name)) as HostInventory[]
    assert.deepEqual(
      found.map(({ host_id }) => host_id),
      [host.id],
    )
  }
})

test('a host that is not there is refused with those that are, or the nearest', async () => {
  const name = hosts[0]?.summary.friendly_name ?? ''
  const far = await cli.run('get', 'inventory', 'nobody-like-this')
  assert.equal(far.code, 2)
  assert.match(far.err, /^weft: there is no host nobody-like-this: the hosts are /)
  const near = await cli.run('get', 'inventory', `${name}x`)
  assert.ok(near.err.endsWith(`did you mean ${name}?\n`), near.err)
  assert.match((await cli.run('get', 'inventory', 'N')).err, /N fits several hosts: /)
  assert.match((await cli.run('get', 'inventory', '')).err, /the name of a host is empty/)
})

test('components and providers come once each, with their hosts and the sum of instances', async () => {
  const { out } = await cli.run('get', 'components')
  const names = hosts.map(({ summary }) => summary.friendly_name).toSorted((a, b) => a.localeCompare(b))
  assert.match(out, new RegExp(`^hello +${names.join(', ')} +10 +shop +file:///hello\\.wasm$`, 'm'))
  assert.match((await cli.run('get', 'providers')).out, new RegExp(`^http +${names.join(', ')} `, 'm'))
  const [component] = (await json('get', 'components')) as { id: string; on: unknown[] }[]
  assert.deepEqual([component?.id, component?.on.length], ['hello', 2])
})

test('links and config are shown', async () => {
  const links = await cli.run('get', 'links')
  assert.match(links.out, /^http +hello +default +wasi:http\/incoming-handler +hello-http$/m)
  assert.equal(((await json('get', 'links')) as unknown[]).length, 1)
  assert.match((await cli.run('get', 'config', 'hello-config')).out, /^greeting +Hello$/m)
  assert.deepEqual(await json('get', 'config', 'hello-config'), { greeting: 'Hello' })
})

test('config without a name is bad input, one that is not there a failure', async () => {
  const nameless = await cli.run('get', 'config')
  assert.deepEqual(
    [nameless.code, nameless.err],
    [2, 'weft: weft get config: expected the name of a config\n'],
  )
  const missing = await cli.run('get', 'config', 'nothing')
  assert.deepEqual([missing.code, missing.err], [1, 'weft: there is no config nothing\n'])
})

test('a lattice without hosts is no failure: it is said, and is [] for machines', async () => {
  for (const thing of ['hosts', 'inventory', 'components', 'providers']) {
    const { code, out } = await cli.run('get', thing, '--lattice', 'empty')
    assert.equal(code, 0)
    assert.match(out, /^no (hosts answer|components run|providers run)\n$/)
    assert.deepEqual(await json('get', thing, '--lattice', 'empty'), [])
  }
  const links = await cli.run('get', 'links', '--lattice', 'empty')
  assert.equal(links.code, 1)
  assert.match(links.err, /^weft: no host answers in lattice empty: start one with `weft up`\n$/)
})

test('a lattice whose control requests go elsewhere is asked there', async () => {
  const host = await startFakeHost({ connection, lattice: 'get', log, controlPrefix: 'acme.ctl' })
  const names = async (...args: string[]) => {
    const { out } = await cli.run('get', 'hosts', '-o', 'json', ...args)
    return (JSON.parse(out) as { id: string }[]).map(({ id }) => id)
  }
  assert.deepEqual(await names('--ctl-topic-prefix', 'acme.ctl'), [host.id])
  assert.equal((await names()).includes(host.id), false)
  const wrong = await cli.run('get', 'hosts', '--ctl-topic-prefix', 'acme.>')
  assert.deepEqual([wrong.code, wrong.out], [2, ''])
  assert.match(
    wrong.err,
    /--ctl-topic-prefix: expected the beginning of a NATS subject such as wasmbus\.ctl, got "acme\.>"/,
  )
  await host.stop()
})
