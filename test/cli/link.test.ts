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
  host = await startFakeHost({ connection, lattice: 'link', log: createLog(() => undefined) })
})
after(async () => {
  await host.stop()
  await connection.close()
  await nats.stop()
  await cli.close()
})

async function deleted(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await cli.run(...args)
  assert.deepEqual([code, err], [0, ''])
  return out
}

test('deleting a link says whether there was one, and which others its source has', async () => {
  await cli.run('link', 'put', 'cart', 'redis', 'wasi:keyvalue/store', '--name', 'fast')
  const none = 'nothing deleted: there is no link of'
  const other = 'it has links for wasi:keyvalue named fast'
  assert.equal(
    await deleted('link', 'del', 'cart', 'wasi:keyvalue'),
    `${none} cart for wasi:keyvalue; ${other}\n`,
  )
  assert.equal(
    await deleted('link', 'del', 'card', 'wasi:keyvalue'),
    `${none} card for wasi:keyvalue; \`weft get links\` shows all\n`,
  )
  const fast = ['link', 'del', 'cart', 'wasi:keyvalue', '--name', 'fast'] as const
  assert.equal(await deleted(...fast), 'link of cart for wasi:keyvalue named fast deleted\n')
  assert.equal(JSON.parse(await deleted(...fast, '-o', 'json')).deleted, false)
})

test('deleting a config says whether there was one', async () => {
  await cli.run('config', 'put', 'shop', 'currency=eur')
  assert.equal(await deleted('config', 'del', 'shop'), 'config shop deleted\n')
  assert.equal(await deleted('config', 'del', 'shop'), 'nothing deleted: there is no config shop\n')
  assert.deepEqual(JSON.parse(await deleted('config', 'del', 'shop', '-o', 'json')), {
    name: 'shop',
    deleted: false,
  })
})
