import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Kvm } from '@nats-io/kv'
import type { NatsConnection } from 'nats'
import { type ConfigMap, openBuckets } from '../../src/lattice/buckets.ts'
import { connectNats } from '../../src/lattice/connect.ts'
import type { ComponentSpec, Link } from '../../src/lattice/link.ts'
import { startNatsServer } from '../../src/lattice/nats-server.ts'
import { createLog, type LogRecord } from '../../src/log.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'

let nats: NatsServer
let connection: NatsConnection
let other: NatsConnection
before(async () => {
  nats = await startNats()
  connection = await connectNats({ url: nats.url, name: 'one' })
  other = await connectNats({ url: nats.url, name: 'other' })
})
after(async () => {
  await connection.close()
  await other.close()
  await nats.stop()
})

const silent = createLog(() => undefined)

const link = (more: Partial<Link> = {}): Link => ({
  source_id: 'hello',
  target: 'redis',
  name: 'default',
  wit_namespace: 'wasi',
  wit_package: 'keyvalue',
  interfaces: ['store'],
  source_config: [],
  target_config: [],
  ...more,
})

test('buckets are made with the defaults that every host of a lattice uses, and opened when they are there', async () => {
  await openBuckets({ connection, lattice: 'made', log: silent })
  const kv = await new Kvm(other).open('LATTICEDATA_made')
  const { config } = (await kv.status()).streamInfo
  assert.equal(config.storage, 'file')
  assert.equal(config.num_replicas, 1)
  assert.equal(config.max_msgs_per_subject, 1)
  assert.equal(config.max_age, 0)
  await openBuckets({ connection: other, lattice: 'made', log: silent })
})

test('a lattice whose name cannot be a bucket is refused', async () => {
  await assert.rejects(openBuckets({ connection, lattice: 'a.b', log: silent }), { code: 'invalid' })
  await assert.rejects(openBuckets({ connection, lattice: 'a/b', log: silent }), { code: 'invalid' })
})

test('writing a spec keeps its links, and the value is as other hosts read it', async () => {
  const buckets = await openBuckets({ connection, lattice: 'spec', log: silent })
  assert.equal(await buckets.readSpec('hello'), undefined)
  await buckets.putLink(link())
  assert.deepEqual(await buckets.readSpec('hello'), { url: '', links: [link()] })
  await buckets.writeSpec('hello', 'ghcr.io/x:1')
  const kv = await new Kvm(other).open('LATTICEDATA_spec')
  assert.deepEqual((await kv.get('COMPONENT_hello'))?.json(), { url: 'ghcr.io/x:1', links: [link()] })
})

test('a write that changes nothing writes nothing', async () => {
  const buckets = await openBuckets({ connection, lattice: 'same', log: silent })
  await buckets.writeSpec('hello', 'ref')
  await buckets.putLink(link())
  const kv = await new Kvm(other).open('LATTICEDATA_same')
  const revision = (await kv.get('COMPONENT_hello'))?.revision
  await buckets.writeSpec('hello', 'ref')
  await buckets.putLink(link())
  assert.equal((await kv.get('COMPONENT_hello'))?.revision, revision)
})

test('deleting a link tells whether there was a spec and which link it was', async () => {
  const buckets = await openBuckets({ connection, lattice: 'del', log: silent })
  assert.deepEqual(await buckets.deleteLink(link()), { found: false, removed: undefined })
  await buckets.putLink(link())
  assert.deepEqual(await buckets.deleteLink(link({ name: 'x' })), { found: true, removed: undefined })
  assert.deepEqual(await buckets.deleteLink(link()), { found: true, removed: link() })
  assert.deepEqual(await buckets.readSpec('hello'), { url: '', links: [] })
})

test('a spec that was deleted or purged by somebody can be written anew', async () => {
  const buckets = await openBuckets({ connection, lattice: 'anew', log: silent })
  const kv = await new Kvm(other).open('LATTICEDATA_anew')
  for (const end of ['delete', 'purge'] as const) {
    await buckets.writeSpec('hello', end)
    await kv[end]('COMPONENT_hello')
    assert.equal(await buckets.readSpec('hello'), undefined)
    assert.equal((await buckets.readSpecs()).size, 0)
    await buckets.putLink(link({ name: end }))
    assert.deepEqual(await buckets.readSpec('hello'), { url: '', links: [link({ name: end })] })
    await kv.purge('COMPONENT_hello')
  }
})

test('writers on two connections lose none of each other', async () => {
  const one = await openBuckets({ connection, lattice: 'race', log: silent })
  const two = await openBuckets({ connection: other, lattice: 'race', log: silent })
  const names = Array.from({ length: 40 }, (_, index) => `link-${index}`)
  await Promise.all(names.map((name, index) => (index % 2 ? one : two).putLink(link({ name }))))
  const spec = await one.readSpec('hello')
  assert.deepEqual(spec?.links.map(({ name }) => name).sort(), names.sort())
})

test('an entry that cannot be read is skipped with its key, and is not overwritten', async () => {
  const lines: LogRecord[] = []
  const buckets = await openBuckets({
    connection,
    lattice: 'bad',
    log: createLog((line) => lines.push(line)),
  })
  const kv = await new Kvm(other).open('LATTICEDATA_bad')
  await kv.put('COMPONENT_hello', new Uint8Array([0xff, 0x00]))
  await buckets.writeSpec('good', 'ref')
  assert.deepEqual([...(await buckets.readSpecs()).keys()], ['good'])
  assert.deepEqual(
    lines.map((line) => [line.level, line.attributes['key']]),
    [['warn', 'COMPONENT_hello']],
  )
  await assert.rejects(buckets.putLink(link()), {
    code: 'invalid',
    message: /LATTICEDATA_bad: the entry COMPONENT_hello cannot be read/,
  })
})

test('config is a map of strings under a name of one token', async () => {
  const buckets = await openBuckets({ connection, lattice: 'config', log: silent })
  assert.equal(await buckets.readConfig('none'), undefined)
  await buckets.putConfig('c', '{ "a": "1" }')
  assert.deepEqual(await buckets.readConfig('c'), { a: '1' })
  assert.equal((await (await new Kvm(other).open('CONFIGDATA_config')).get('c'))?.string(), '{ "a": "1" }')
  await buckets.deleteConfig('c')
  assert.equal(await buckets.readConfig('c'), undefined)
  await assert.rejects(buckets.putConfig('c', '{"a":1}'), { code: 'invalid' })
  for (const name of ['a.b', '', 'a b', 'ä', 'a*']) {
    await assert.rejects(buckets.putConfig(name, '{}'), { code: 'invalid' }, name)
  }
})

test('a watch hands over all specs before it resolves, then each change, in order', async () => {
  const buckets = await openBuckets({ connection, lattice: 'watch', log: silent })
  await buckets.writeSpec('a', '1')
  await buckets.writeSpec('b', '1')
  const kv = await new Kvm(other).open('LATTICEDATA_watch')
  await kv.put('CLAIMS_MX', '{}')
  const seen: (readonly [string, string | undefined])[] = []
  const watch = await buckets.watchSpecs((id, spec) => void seen.push([id, spec?.url]))
  assert.deepEqual(seen.toSorted(), [
    ['a', '1'],
    ['b', '1'],
  ])
  await buckets.writeSpec('a', '2')
  await kv.put('COMPONENT_b', 'no JSON: the last good value stays')
  await kv.delete('COMPONENT_a')
  await until(() => seen.length === 4)
  assert.deepEqual(seen.slice(2), [
    ['a', '2'],
    ['a', undefined],
  ])
  watch.stop()
})

test('a watch of an empty bucket resolves at once, and a throwing handler does not end it', async () => {
  const lines: LogRecord[] = []
  const log = createLog((line) => lines.push(line))
  const buckets = await openBuckets({ connection, lattice: 'empty', log })
  const seen: string[] = []
  const watch = await buckets.watchConfig((name) => {
    seen.push(name)
    throw new Error('oops')
  })
  assert.deepEqual(seen, [])
  await buckets.putConfig('one', '{}')
  await buckets.putConfig('two', '{}')
  await until(() => seen.length === 2)
  assert.deepEqual(
    lines.map((line) => line.attributes['error']),
    ['oops', 'oops'],
  )
  watch.stop()
})

test('after a restart of the server a watch tells what differs, even when the server kept nothing', async () => {
  const first = await startNatsServer({ storeDir: '', port: 0, log: silent, ephemeral: true })
  const mine = await connectNats({ url: first.url, name: 'restart' })
  const buckets = await openBuckets({ connection: mine, lattice: 'default', log: silent })
  await buckets.putConfig('gone', '{}')
  const seen: (readonly [string, ConfigMap | undefined])[] = []
  const watch = await buckets.watchConfig((name, config) => void seen.push([name, config]))
  await first.stop()
  const port = Number(new URL(first.url).port)
  const second = await startNatsServer({ storeDir: '', port, log: silent, ephemeral: true })
  try {
    await until(() => seen.length === 2, { timeoutMs: 15_000 })
    await buckets.putConfig('new', '{"a":"b"}')
    await until(() => seen.length === 3)
    assert.deepEqual(seen, [
      ['gone', {}],
      ['gone', undefined],
      ['new', { a: 'b' }],
    ])
  } finally {
    watch.stop()
    await mine.close()
    await second.stop()
  }
})

test('specs of many components are read whole', async () => {
  const buckets = await openBuckets({ connection, lattice: 'many', log: silent })
  const ids = Array.from({ length: 300 }, (_, index) => `c${index}`)
  await Promise.all(ids.map((id) => buckets.writeSpec(id, id)))
  const specs: ReadonlyMap<string, ComponentSpec> = await buckets.readSpecs()
  assert.equal(specs.size, 300)
  const seen = new Set<string>()
  const watch = await buckets.watchSpecs((id) => void seen.add(id))
  assert.equal(seen.size, 300)
  watch.stop()
})
