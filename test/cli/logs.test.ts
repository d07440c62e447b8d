import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { keepLogs } from '../../src/cli/keep-logs.ts'
import { connectNats } from '../../src/lattice/connect.ts'
import { publishLogs } from '../../src/lattice/publish-logs.ts'
import { logsSubject } from '../../src/lattice/subjects.ts'
import { createLog } from '../../src/log.ts'
import { openCli } from '../support/run-cli.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'

const lattice = 'logs'
const quiet = createLog(() => undefined)
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
let nats: NatsServer
let connection: Awaited<ReturnType<typeof connectNats>>
let keeper: { stop(): void }
let cli: Awaited<ReturnType<typeof openCli>>

before(async () => {
  nats = await startNats()
  connection = await connectNats({ url: nats.url, name: 'keeper' })
  cli = await openCli({ WEFT_NATS_URL: nats.url, WEFT_LATTICE: lattice })
  keeper = keepLogs({ connection, lattice, log: quiet })
  const { log, flush } = hostNamed('brave-fox', lattice)
  log.info('host is up')
  log.info('opened', { component: 'greeter', stream: 'stdout', traceId, spanId: 'b'.repeat(16), shop: 7 })
  log.warn('stock is \u001b[2J low', { component: 'greeter', stream: 'stderr' })
  log.error('gone', { provider: 'store' })
  flush()
  await until(async () => (await lines()).length === 4)
})
after(async () => {
  keeper.stop()
  await connection.close()
  await nats.stop()
  await cli.close()
})

/** A host that logs to a lattice. */
function hostNamed(host: string, to: string) {
  const published = publishLogs({ host, publish: (message) => connection.publish(logsSubject(to), message) })
  return { log: createLog(published.sink), flush: published.stop }
}

async function lines(...args: readonly string[]): Promise<string[]> {
  const { out, err } = await cli.run('logs', '-o', 'json', ...args)
  assert.equal(err, '')
  return (JSON.parse(out) as { message: string }[]).map(({ message }) => message)
}

test('the latest lines are shown with their maker, oldest first, control characters made harmless', async () => {
  const { code, out } = await cli.run('logs')
  assert.equal(code, 0)
  const shown = out
    .trimEnd()
    .split('\n')
    .map((line) => line.slice('12:00:00.000 '.length))
  assert.deepEqual(shown, [
    'INFO  host@brave-fox host is up',
    'INFO  greeter@brave-fox opened shop=7  4bf92f35',
    'WARN  greeter@brave-fox stock is ·[2J low',
    'ERROR store@brave-fox gone',
  ])
})

test('component, level, host, trace and limit choose among them', async () => {
  assert.deepEqual(await lines('greeter'), ['opened', 'stock is \u001b[2J low'])
  assert.deepEqual(await lines('store'), ['gone'])
  assert.deepEqual(await lines('--level', 'warn'), ['stock is \u001b[2J low', 'gone'])
  assert.deepEqual(await lines('--trace', '4BF92F35'), ['opened'])
  assert.deepEqual(await lines('--host', 'other'), [])
  assert.deepEqual(await lines('--limit', '1'), ['gone'])
})

test('--follow goes on with new lines of every host, also where nobody keeps any', async () => {
  const other = hostNamed('calm-elm', 'unkept')
  const following = cli.begin('logs', 'late', '--follow', '--lattice', 'unkept')
  await until(
    () => {
      other.log.info('new', { component: 'late' })
      other.log.info('not asked for', { component: 'other' })
      other.flush()
      return following.output().includes('late@calm-elm new')
    },
    { timeoutMs: 10_000 },
  )
  following.interrupt()
  const { code, out, err } = await following.ended
  assert.deepEqual([code, err], [0, ''])
  assert.ok(!out.includes('not asked for'))
})

test('a lattice whose logs nobody keeps says what to do', async () => {
  const { code, err } = await cli.run('logs', '--lattice', 'unkept')
  assert.equal(code, 1)
  assert.match(err, /^weft: nobody keeps the logs of lattice unkept: .*--follow/)
})

test('a wrong level is refused with those that there are', async () => {
  const { code, err } = await cli.run('logs', '--level', 'loud')
  assert.deepEqual([code, err], [2, 'weft: --level: expected trace, debug, info, warn, error, got "loud"\n'])
})

test('what is no log line is passed over', async () => {
  for (const bytes of [
    '',
    'x',
    '{}',
    '[1]',
    '[{"time":"now"}]',
    '[{"time":1,"level":"loud","message":"odd","host":"h"}]',
  ])
    connection.publish(logsSubject(lattice), bytes)
  await until(async () => (await lines()).includes('odd'))
  assert.equal((await lines()).length, 5)
})

test('a host that says too much in a second says how much it left out', () => {
  const messages: string[] = []
  const { sink, stop } = publishLogs({ host: 'oak', publish: (message) => messages.push(message) })
  const record = { level: 'info', message: 'again', attributes: {} } as const
  for (let index = 0; index < 5000; index += 1) sink({ ...record, time: 1000 })
  sink({ ...record, time: 2000 })
  stop()
  const published = messages.flatMap((message) => JSON.parse(message) as { message: string }[])
  assert.equal(published.length, 1002)
  assert.equal(published.at(-2)?.message, '4000 log lines were left out: a host publishes 1000 a second')
})
