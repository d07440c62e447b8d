import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { NatsConnection } from 'nats'
import { connectNats } from '../../src/lattice/connect.ts'
import { createLog } from '../../src/log.ts'
import { type FakeHost, startFakeHost } from '../lattice/fake-host.ts'
import { openCli } from '../support/run-cli.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'

let nats: NatsServer
let connection: NatsConnection
let cli: Awaited<ReturnType<typeof openCli>>
let host: FakeHost

before(async () => {
  nats = await startNats()
  connection = await connectNats({ url: nats.url, name: 'hosts' })
  cli = await openCli({ WEFT_NATS_URL: nats.url, WEFT_LATTICE: 'link' })
  const described = { image_ref: 'x', annotations: {}, revision: 0 }
  host = await startFakeHost({
    connection,
    lattice: 'link',
    log: createLog(() => undefined),
    handlers: {
      inventory: () => ({
        ...host.inventory,
        components: [{ ...described, id: 'cart', max_instances: 1, limits: null }],
        providers: [{ ...described, id: 'redis' }],
      }),
    },
  })
})
after(async () => {
  await host.stop()
  await connection.close()
  await nats.stop()
  await cli.close()
})

/** Runs a command that succeeds; what it says. */
async function done(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await cli.run(...args)
  assert.deepEqual([code, err], [0, ''])
  return out
}

test('deleting a link says whether there was one, and which others its source has', async () => {
  await cli.run('link', 'put', 'cart', 'redis', 'wasi:keyvalue/store', '--name', 'fast')
  const none = 'nothing deleted: there is no link of'
  const other = 'it has links for wasi:keyvalue named fast'
  assert.equal(
    await done('link', 'del', 'cart', 'wasi:keyvalue'),
    `${none} cart for wasi:keyvalue; ${other}\n`,
  )
  assert.equal(
    await done('link', 'del', 'card', 'wasi:keyvalue'),
    `${none} card for wasi:keyvalue; \`weft get links\` shows all\n`,
  )
  const fast = ['link', 'del', 'cart', 'wasi:keyvalue', '--name', 'fast'] as const
  assert.equal(await done(...fast), 'link of cart for wasi:keyvalue named fast deleted\n')
  assert.equal(JSON.parse(await done(...fast, '-o', 'json')).deleted, false)
})

test('a link whose ends do not run is put, and that is said', async () => {
  const put = (...args: readonly string[]) => done('link', 'put', ...args, 'wasi:keyvalue/store')
  assert.equal(await put('shop', 'redis'), 'link shop → redis put; shop does not run yet\n')
  assert.equal(await put('till', 'cache'), 'link till → cache put; till and cache do not run yet\n')
  assert.equal(await put('cart', 'redis'), 'link cart → redis put\n')
  const told = JSON.parse(await put('shop', 'redis', '-o', 'json')) as object
  assert.deepEqual(Object.entries(told).at(-1), ['not_running', ['shop']])
})

test('deleting a config says whether there was one', async () => {
  await cli.run('config', 'put', 'shop', 'currency=eur')
  assert.equal(await done('config', 'del', 'shop'), 'config shop deleted\n')
  assert.equal(await done('config', 'del', 'shop'), 'nothing deleted: there is no config shop\n')
  assert.deepEqual(JSON.parse(await done('config', 'del', 'shop', '-o', 'json')), {
    name: 'shop',
    deleted: false,
  })
})
