import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { NatsConnection } from 'nats'
import { type Peer, startBeat, watchBeats } from '../../src/lattice/beat.ts'
import { connectNats } from '../../src/lattice/connect.ts'
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
const beatOf = (lattice: string, hostId: string) => ({
  connection,
  lattice,
  hostId,
  friendlyName: `${hostId}-name`,
  components: () => ({ hello: { inFlight: 1, max: 10, waiting: 0, calls: 7, traps: 2 } }),
  log: silent,
})

function watch(lattice: string, goneAfterMs = 3_500) {
  const told: string[] = []
  const watching = watchBeats({
    connection,
    lattice,
    goneAfterMs,
    log: silent,
    onUp: (peer) => told.push(`up ${peer.host}`),
    onDown: (peer) => told.push(`down ${peer.host}`),
  })
  return { ...watching, told }
}

test('hosts that beat are up once, with how busy they are', async () => {
  const { peers, told, stop } = watch('up')
  const beats = ['a', 'b'].map((id) => startBeat({ ...beatOf('up', id), intervalMs: 5 }))
  await until(() => peers.size === 2)
  const { time, ...peer } = peers.get('a') ?? { time: 0 }
  assert.ok(Math.abs(Date.now() - time) < 5_000)
  assert.deepEqual(peer, {
    host: 'a',
    friendlyName: 'a-name',
    busy: 0,
    components: { hello: { inFlight: 1, max: 10, waiting: 0, calls: 7, traps: 2 } },
    processes: {},
  })
  await until(() => (peers.get('a')?.time ?? 0) > time)
  assert.deepEqual(told.toSorted(), ['up a', 'up b'])
  for (const beat of beats) beat.stop()
  stop()
})

test('a host that says goodbye is down at once', async () => {
  const { peers, told, stop } = watch('bye', 60_000)
  const beat = startBeat(beatOf('bye', 'a'))
  await until(() => peers.size === 1)
  beat.stop()
  await until(() => peers.size === 0)
  assert.deepEqual(told, ['up a', 'down a'])
  stop()
})

test('a host that falls silent is down after the limit, and up again when it comes back', async () => {
  const { peers, told, stop } = watch('silent', 300)
  const whole = { host: 'a', friendly_name: 'n', components: {}, time: 1 }
  const alive = startBeat({ ...beatOf('silent', 'b'), intervalMs: 20 })
  const start = performance.now()
  connection.publish('weft.beat.silent', JSON.stringify(whole))
  await until(() => told.includes('down a'))
  assert.ok(performance.now() - start >= 300)
  assert.deepEqual([...peers.keys()], ['b'])
  connection.publish('weft.beat.silent', JSON.stringify(whole))
  await until(() => told.filter((line) => line === 'up a').length === 2)
  assert.ok(!told.includes('down b'))
  alive.stop()
  stop()
})

test('a provider process that is gone is told of at once, and whether it was the last of its provider', async () => {
  const gone: unknown[] = []
  const watching = watchBeats({
    connection,
    lattice: 'runs',
    log: silent,
    goneAfterMs: 300,
    onProcessGone: (one) => gone.push(one),
  })
  const runs: Record<string, string> = { kv: 'run-1', http: 'run-2' }
  const beat = startBeat({ ...beatOf('runs', 'a'), processes: () => runs, intervalMs: 50 })
  const other = { host: 'b', friendly_name: 'n', processes: { kv: 'run-3' }, time: 1 }
  connection.publish('weft.beat.runs', JSON.stringify(other))
  await until(() => watching.peers.size === 2)
  delete runs['kv']
  runs['http'] = 'run-4'
  beat.now()
  await until(() => gone.length === 2)
  // b falls silent: its process went with it.
  await until(() => gone.length === 3)
  assert.deepEqual(gone, [
    { provider: 'kv', run: 'run-1', isLast: false },
    { provider: 'http', run: 'run-2', isLast: false },
    { provider: 'kv', run: 'run-3', isLast: true },
  ])
  beat.stop()
  watching.stop()
})

test('a watcher that stood still itself does not blame its peers', async () => {
  const { told, stop } = watch('stall', 200)
  const other = await connectNats({ url: nats.url, name: 'other' })
  const beat = startBeat({ ...beatOf('stall', 'a'), connection: other, intervalMs: 50 })
  await until(() => told.length === 1)
  const end = performance.now() + 600
  while (performance.now() < end);
  const beats = { more: 0 }
  const counting = watchBeats({ connection, lattice: 'stall', log: silent, onUp: () => void beats.more++ })
  await until(() => beats.more === 1)
  assert.deepEqual(told, ['up a'])
  beat.stop()
  counting.stop()
  stop()
  await other.close()
})

test('a beat that cannot be read is a log line, and a throwing callback hurts nobody', async () => {
  const lines: LogRecord[] = []
  const seen: Peer[] = []
  const watching = watchBeats({
    connection,
    lattice: 'odd',
    log: createLog((line) => lines.push(line)),
    onUp: (peer) => {
      seen.push(peer)
      throw new Error('oops')
    },
  })
  connection.publish('weft.beat.odd', 'no JSON')
  const beats = ['a', 'b'].map((id) => startBeat(beatOf('odd', id)))
  await until(() => seen.length === 2)
  assert.deepEqual(
    lines.map((line) => line.attributes['error']),
    ['not JSON', 'oops', 'oops'],
  )
  for (const beat of beats) beat.stop()
  watching.stop()
})

test('beats of hosts that somebody makes up cost no memory without end, and push nobody out', async () => {
  const lines: LogRecord[] = []
  const told = new Set<string>()
  const watching = watchBeats({
    connection,
    lattice: 'crowd',
    log: createLog((line) => lines.push(line)),
    goneAfterMs: 60_000,
    onBeat: (peer) => told.add(peer.host),
  })
  const beat = startBeat(beatOf('crowd', 'known'))
  await until(() => watching.peers.has('known'))
  for (let count = 0; count < 5_000; count += 1) {
    const body = { host: `forged-${count}`, friendly_name: 'x', time: 0 }
    connection.publish('weft.beat.crowd', JSON.stringify(body))
  }
  connection.publish('weft.beat.crowd', JSON.stringify({ host: 'known', friendly_name: 'last', time: 1 }))
  await until(() => watching.peers.get('known')?.friendlyName === 'last')
  assert.deepEqual([watching.peers.size, told.size], [4_096, 4_096])
  assert.deepEqual(
    lines.map(({ level, message }) => `${level} ${message.split(':')[0]}`),
    ['warn more than 4096 hosts beat'],
  )
  beat.stop()
  watching.stop()
})

test('nothing is published on a closed connection', async () => {
  const closed = await connectNats({ url: nats.url, name: 'closed' })
  const beat = startBeat({ ...beatOf('closed', 'a'), connection: closed })
  await closed.close()
  beat.stop()
})
