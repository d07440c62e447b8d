import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { NatsConnection } from 'nats'
import { connectNats, subscribeGuarded } from '../../src/lattice/connect.ts'
import { createControlClient } from '../../src/lattice/control-client.ts'
import { createHostIdentity } from '../../src/lattice/host-identity.ts'
import { controlSubjects } from '../../src/lattice/subjects.ts'
import { createLog } from '../../src/log.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { startFakeHost } from './fake-host.ts'

let nats: NatsServer
let connection: NatsConnection
let asker: NatsConnection
before(async () => {
  nats = await startNats()
  connection = await connectNats({ url: nats.url, name: 'host' })
  asker = await connectNats({ url: nats.url, name: 'asker' })
})
after(async () => {
  await asker.close()
  await connection.close()
  await nats.stop()
})

const silent = createLog(() => undefined)
const noHost = createHostIdentity().id

test('a ping of two hosts finds both and ends soon after the last answer', async () => {
  const hosts = await Promise.all(
    [1, 2].map(() => startFakeHost({ connection, lattice: 'two', log: silent })),
  )
  const client = createControlClient({ connection: asker, lattice: 'two', timeoutMs: 10_000 })
  const start = performance.now()
  const found = await client.ping()
  assert.ok(performance.now() - start < 5_000)
  assert.deepEqual(new Set(found), new Set(hosts.map(({ summary }) => summary)))
  for (const host of hosts) await host.stop()
})

test('a ping that nobody hears is an empty list, at once', async () => {
  const client = createControlClient({ connection: asker, lattice: 'nobody', timeoutMs: 30_000 })
  assert.deepEqual(await client.ping(), [])
})

test('a ping skips answers that cannot be read and hosts that refuse', async () => {
  const host = await startFakeHost({ connection, lattice: 'odd', log: silent })
  const answers = [
    'no JSON',
    '{"success":false,"message":"x"}',
    '{"success":true,"message":"","response":{}}',
  ]
  const odd = answers.map((answer) =>
    subscribeGuarded(connection, controlSubjects('odd').hostPing, {
      log: silent,
      onMessage: (message) => void message.respond(answer),
    }),
  )
  await connection.flush()
  const client = createControlClient({ connection: asker, lattice: 'odd' })
  assert.deepEqual(await client.ping(), [host.summary])
  for (const subscription of odd) subscription.unsubscribe()
  await host.stop()
})

test('commands and questions go to the host and come back typed', async () => {
  const host = await startFakeHost({ connection, lattice: 'all', log: silent })
  const client = createControlClient({ connection: asker, lattice: 'all' })
  const key = { source_id: 'a', name: 'default', wit_namespace: 'wasi', wit_package: 'keyvalue' }
  const link = { ...key, target: 'b', interfaces: ['store'], source_config: [], target_config: ['c'] }
  const component = { component_id: 'a', component_ref: 'r', host_id: host.id, annotations: {}, config: [] }
  const provider = { provider_id: 'kv', provider_ref: 'r', host_id: host.id, config: [], annotations: {} }
  assert.deepEqual(await client.inventory(host.id), host.inventory)
  assert.equal(await client.scale({ ...component, count: 1, allow_update: false }), '')
  await client.update({ component_id: 'a', new_component_ref: 'r2', host_id: host.id })
  assert.equal(await client.startProvider(provider), 'successfully started provider')
  await client.stopProvider(host.id, 'kv')
  await client.putLabel(host.id, 'k', 'v')
  await client.delLabel(host.id, 'k')
  await client.stopHost(host.id, 100)
  await client.stopHost(host.id)
  assert.deepEqual(
    host.asked.map(([what]) => what),
    ['scale', 'update', 'start', 'stop', 'putLabel', 'deleteLabel', 'stopHost', 'stopHost'],
  )
  assert.equal(await client.putConfig('c', { a: 'b' }), 'successfully put config')
  assert.deepEqual(await client.getConfig('c'), { a: 'b' })
  assert.equal(await client.getConfig('none'), undefined)
  assert.equal(await client.putLink(link), 'successfully set link')
  assert.deepEqual(await client.links(), [link])
  assert.equal(await client.deleteLink(key), 'successfully deleted link')
  assert.equal(await client.deleteConfig('c'), 'successfully deleted config')
  assert.deepEqual(await client.claims(), [])
  await host.stop()
})

test('a refusal is thrown with the message of the host', async () => {
  const host = await startFakeHost({ connection, lattice: 'refuse', log: silent })
  const client = createControlClient({ connection: asker, lattice: 'refuse' })
  await assert.rejects(client.putLabel(host.id, 'hostcore.os', 'x'), {
    code: 'invalid',
    message: 'hostcore.* labels cannot be set dynamically',
  })
  await host.stop()
})

test('no host is unavailable, with the lattice and what to do', async () => {
  const client = createControlClient({ connection: asker, lattice: 'nobody' })
  await assert.rejects(client.links(), {
    code: 'unavailable',
    message: 'no host answers in lattice nobody: start one with `weft up`',
  })
  await assert.rejects(client.inventory(noHost), {
    code: 'unavailable',
    message: new RegExp(`^host ${noHost} does not answer in lattice nobody`),
  })
})

test('a host that says nothing is a deadline', async () => {
  const mute = subscribeGuarded(connection, controlSubjects('mute').anyHost(noHost), {
    log: silent,
    onMessage: () => undefined,
  })
  await connection.flush()
  const client = createControlClient({ connection: asker, lattice: 'mute', timeoutMs: 50 })
  await assert.rejects(client.inventory(noHost), { code: 'deadline', message: /within 50 ms/ })
  mute.unsubscribe()
})

test('an answer of the wrong shape is an error that says what is wrong with it', async () => {
  const answers = ['{"success":true,"message":"","response":{"friendly_name":1}}', 'no JSON', '[]']
  const odd = subscribeGuarded(connection, controlSubjects('wrong').anyHost(noHost), {
    log: silent,
    onMessage: (message) => void message.respond(answers.shift() ?? ''),
  })
  await connection.flush()
  const client = createControlClient({ connection: asker, lattice: 'wrong' })
  for (let index = 0; index < 3; index++) {
    await assert.rejects(client.inventory(noHost), {
      code: 'internal',
      message: /the answer to .* cannot be read/,
    })
  }
  odd.unsubscribe()
})

test('inventories of old hosts, with actors, are read', async () => {
  const actors = [{ id: 'a', image_ref: 'r', max_instances: 1 }]
  const response = { actors, providers: [], host_id: noHost, friendly_name: 'f', labels: {} }
  const old = subscribeGuarded(connection, controlSubjects('old').anyHost(noHost), {
    log: silent,
    onMessage: (message) => void message.respond(JSON.stringify({ success: true, message: '', response })),
  })
  await connection.flush()
  const client = createControlClient({ connection: asker, lattice: 'old' })
  assert.deepEqual((await client.inventory(noHost)).components, [
    { id: 'a', image_ref: 'r', annotations: {}, revision: 0, max_instances: 1, limits: null },
  ])
  old.unsubscribe()
})

test('an id or name that cannot be part of a subject is refused before it is sent', async () => {
  const client = createControlClient({ connection: asker, lattice: 'all' })
  await assert.rejects(async () => client.inventory('N*'), { code: 'invalid', message: /host id/ })
  await assert.rejects(async () => client.getConfig('a.b'), { code: 'invalid', message: /config name/ })
})
