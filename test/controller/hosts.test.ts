import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Hosts } from '../../src/controller/hosts.ts'
import type { Peer } from '../../src/lattice/beat.ts'
import type { LatticeEvent } from '../../src/lattice/events.ts'
import type { HostInventory } from '../../src/lattice/inventory.ts'
import { createLog, type LogRecord } from '../../src/log.ts'
import { until } from '../support/until.ts'

const many = 5_000

function openHosts() {
  const lines: LogRecord[] = []
  const client = { ping: async () => [], inventory: async (id: string) => inventoryOf(id) }
  const log = createLog((line) => line.level === 'warn' && lines.push(line))
  const hosts = new Hosts({ client, log, onChange() {} })
  const ids = () => hosts.view().map(({ id }) => id)
  return { hosts, ids, lines }
}

const inventoryOf = (host_id: string): HostInventory => ({
  host_id,
  friendly_name: `${host_id}-name`,
  labels: {},
  version: '0',
  uptime_human: '1s',
  uptime_seconds: 1,
  components: [],
  providers: [],
})
const heartbeat = (source: string) =>
  ({ name: 'host_heartbeat', source, time: '', data: inventoryOf(source) }) as LatticeEvent
const peer = (host: string): Peer => ({
  host,
  friendlyName: `${host}-name`,
  components: {},
  processes: {},
  busy: 0,
  time: 0,
})

test('heartbeats of hosts that somebody makes up are passed over when they are too many; known hosts stay', async () => {
  const { hosts, ids, lines } = openHosts()
  hosts.onEvent(heartbeat('rust'))
  hosts.onUp(peer('weft'))
  for (let count = 0; count < many; count += 1) hosts.onEvent(heartbeat(`forged-${count}`))
  hosts.onUp(peer('late'))
  hosts.onEvent(heartbeat('rust'))
  await until(() => ids().includes('late'))
  assert.equal(ids().length, 4_096 + 2)
  assert.ok(ids().includes('rust') && ids().includes('weft'))
  assert.deepEqual(
    lines.map(({ message }) => message.split(':')[0]),
    ['more than 4096 hosts send events'],
  )
})

test('of hosts that beat no more the latest are remembered, the others forgotten', async () => {
  const { hosts, ids } = openHosts()
  for (let count = 0; count < many; count += 1) {
    hosts.onUp(peer(`forged-${count}`))
    hosts.onDown(peer(`forged-${count}`))
  }
  assert.equal(hosts.nameOf('forged-0'), 'forged-0'.slice(0, 8))
  const [first, last] = ['forged-0', `forged-${many - 1}`]
  for (const id of [first, last]) hosts.onEvent(heartbeat(id))
  await new Promise((resolve) => setImmediate(resolve))
  // Nobody knows any more that the first one has ever beaten: for the moment it passes for a foreign host.
  assert.deepEqual(ids(), [first])
})
