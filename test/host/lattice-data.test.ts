import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { LatticeData } from '../../src/host/lattice-data.ts'
import { type Buckets, openBuckets } from '../../src/lattice/buckets.ts'
import { connectNats } from '../../src/lattice/connect.ts'
import { createLog } from '../../src/log.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'

let nats: NatsServer
let connection: Awaited<ReturnType<typeof connectNats>>
let buckets: Buckets
let data: LatticeData
before(async () => {
  nats = await startNats()
  connection = await connectNats({ url: nats.url, name: 'test' })
  buckets = await openBuckets({ connection, lattice: 'test', log: createLog(() => {}) })
  data = await LatticeData.follow(buckets, () => {})
})
after(async () => {
  await data.stop()
  await connection.close()
  await nats.stop()
})

const link = {
  source_id: 'http',
  target: 'hello',
  name: 'default',
  wit_namespace: 'wasi',
  wit_package: 'http',
  interfaces: ['incoming-handler'],
  source_config: ['address'],
  target_config: [],
}

test('a link counts when its configuration has come by too', async () => {
  await buckets.putLink(link)
  await until(() => data.importLinks('http').length === 1)
  assert.deepEqual(
    data.providerLinks('http', () => ({})),
    [],
  )
  await buckets.putConfig('address', '{"address":"127.0.0.1:1"}')
  const found = await until(() => data.providerLinks('http', () => ({}))[0])
  assert.deepEqual(found.sourceConfig, { address: '127.0.0.1:1' })
  assert.deepEqual(data.importLinks('http'), [
    { name: 'default', interface: 'wasi:http/incoming-handler', target: 'hello' },
  ])
})

test('configs are merged left to right', async () => {
  await buckets.putConfig('base', '{"a":"1","b":"1"}')
  await buckets.putConfig('more', '{"b":"2"}')
  await until(() => data.config(['more'])['b'] === '2')
  assert.deepEqual(data.config(['base', 'more', 'none']), { a: '1', b: '2' })
})

test('a config that was put a moment ago is found, one that does not exist is named', async () => {
  await buckets.putConfig('fresh', '{}')
  await data.requireConfigs(['fresh'])
  await assert.rejects(data.requireConfigs(['fresh', 'nowhere']), {
    code: 'not_found',
    message: 'Config nowhere does not exist',
  })
  await data.requireConfigs(['SECRET_looked-up-later'])
})

test('each end of a link gets its own secrets alone, and a link waits for them', async () => {
  const name = 'SECRET_lattice-data'
  const secret = { password: { tag: 'string', val: 'x' } } as const
  await buckets.putLink({
    ...link,
    source_id: 'asks',
    target: 'store',
    source_config: [],
    target_config: [name],
  })
  await buckets.putConfig(name, '{"name":"password","backend":"b","key":"k"}')
  const secretsOf = (names: readonly string[]) => (names.length > 0 ? secret : {})
  const found = await until(() => data.providerLinks('store', secretsOf)[0])
  assert.deepEqual([found.targetSecrets, found.sourceSecrets, found.targetConfig], [secret, undefined, {}])
  assert.equal(data.providerLinks('asks', secretsOf)[0]?.targetSecrets, undefined)
  assert.deepEqual(data.linkSecrets('store'), [name])
  assert.deepEqual(data.linkSecrets('asks'), [])
  assert.deepEqual(
    data.providerLinks('store', (names) => (names.length > 0 ? undefined : {})),
    [],
  )
})
