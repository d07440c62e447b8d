import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { NatsConnection } from 'nats'
import { connectNats, subscribeGuarded } from '../../src/lattice/connect.ts'
import { createEventPublisher, type LatticeEvent, subscribeEvents } from '../../src/lattice/events.ts'
import { startHeartbeat } from '../../src/lattice/heartbeat.ts'
import { createHostIdentity } from '../../src/lattice/host-identity.ts'
import type { HostInventory } from '../../src/lattice/inventory.ts'
import { createLog, type LogRecord } from '../../src/log.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'

let nats: NatsServer
let connection: NatsConnection
before(async () => {
  nats = await startNats()
  connection = await connectNats({ url: nats.url, name: 'test' })
})
after(async () => {
  await connection.close()
  await nats.stop()
})

const silent = createLog(() => undefined)
const host = createHostIdentity().id
const inventory: HostInventory = {
  host_id: host,
  friendly_name: 'calm-loom-1234',
  labels: {},
  version: '0.1.0',
  uptime_human: '1s',
  uptime_seconds: 1,
  components: [
    { id: 'a', image_ref: 'r', annotations: { x: 'y' }, revision: 0, max_instances: 3, limits: null },
  ],
  providers: [{ id: 'kv', image_ref: 'p', annotations: {}, revision: 1, name: 'KV' }],
}

test('an event is a CloudEvent whose source is the host', async () => {
  const seen: { subject: string; body: Record<string, unknown> }[] = []
  const heard = subscribeGuarded(connection, 'wasmbus.evt.form.>', {
    log: silent,
    onMessage: (message) => void seen.push({ subject: message.subject, body: message.json() }),
  })
  createEventPublisher(connection, 'form', host)('config_set', { config_name: 'c' })
  await until(() => seen.length === 1)
  const { id, time, ...rest } = seen[0]?.body ?? {}
  assert.equal(seen[0]?.subject, 'wasmbus.evt.form.config_set')
  assert.match(String(id), /^[0-9a-f-]{36}$/)
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/)
  assert.deepEqual(rest, {
    specversion: '1.0',
    type: 'com.wasmcloud.lattice.config_set',
    source: host,
    datacontenttype: 'application/json',
    data: { config_name: 'c' },
  })
  heard.unsubscribe()
})

test('events come typed, unknown kinds are passed over, and unreadable ones are a log line', async () => {
  const events: LatticeEvent[] = []
  const lines: LogRecord[] = []
  const log = createLog((line) => lines.push(line))
  const heard = subscribeEvents({ connection, lattice: 'typed', log, onEvent: (event) => events.push(event) })
  const send = (name: string, data: unknown) =>
    connection.publish(
      `wasmbus.evt.typed.${name}`,
      JSON.stringify({ type: `com.wasmcloud.lattice.${name}`, source: host, time: 't', data, extra: 1 }),
    )
  send('unheard_of', {})
  connection.publish('wasmbus.evt.typed.x', 'no JSON')
  send('component_scaled', { image_ref: 'r', max_instances: -1, component_id: 'a' })
  send('component_scaled', { image_ref: 'r', max_instances: 2, component_id: 'a', unheard: {} })
  send('provider_stopped', { annotations: { a: 'b' }, provider_id: 'kv', reason: 'stop', host_id: host })
  send('host_heartbeat', inventory)
  await until(() => events.length === 3)
  assert.deepEqual(events, [
    {
      name: 'component_scaled',
      source: host,
      time: 't',
      data: { annotations: {}, image_ref: 'r', max_instances: 2, component_id: 'a' },
    },
    {
      name: 'provider_stopped',
      source: host,
      time: 't',
      data: { annotations: { a: 'b' }, provider_id: 'kv', reason: 'stop', host_id: host },
    },
    { name: 'host_heartbeat', source: host, time: 't', data: inventory },
  ])
  assert.deepEqual(
    lines.map((line) => [line.level, line.attributes['error']]),
    [
      ['warn', 'not JSON'],
      ['warn', 'data.max_instances: expected a whole number from 0, got number'],
    ],
  )
  heard.stop()
})

test('a stopped subscription hears nothing more', async () => {
  const events: LatticeEvent[] = []
  const heard = subscribeEvents({
    connection,
    lattice: 'stop',
    log: silent,
    onEvent: (event) => events.push(event),
  })
  heard.stop()
  createEventPublisher(connection, 'stop', host)('config_set', { config_name: 'c' })
  await connection.flush()
  assert.deepEqual(events, [])
})

test('an event on a closed connection is dropped', async () => {
  const closed = await connectNats({ url: nats.url, name: 'closed' })
  await closed.close()
  createEventPublisher(closed, 'closed', host)('host_stopped', { labels: {} })
})

test('the heartbeat carries the inventory, again and again, until it is stopped', async () => {
  const events: LatticeEvent[] = []
  const heard = subscribeEvents({
    connection,
    lattice: 'heart',
    log: silent,
    onEvent: (event) => events.push(event),
  })
  const publishEvent = createEventPublisher(connection, 'heart', host)
  const heartbeat = startHeartbeat({ publishEvent, inventory: () => inventory, log: silent, intervalMs: 5 })
  await until(() => events.length >= 2)
  heartbeat.stop()
  assert.deepEqual(events[0]?.data, inventory)
  assert.equal(events[0]?.name, 'host_heartbeat')
  heard.stop()
})

test('an inventory that cannot be published is a log line, and the heart beats on', async () => {
  const lines: LogRecord[] = []
  const log = createLog((line) => lines.push(line))
  const publishEvent = createEventPublisher(connection, 'big', host)
  const big = { ...inventory, friendly_name: 'x'.repeat(2_000_000) }
  const heartbeat = startHeartbeat({ publishEvent, inventory: () => big, log, intervalMs: 5 })
  await until(() => lines.length >= 2)
  heartbeat.stop()
  assert.match(String(lines[0]?.attributes['error']), /max_payload/)
})
