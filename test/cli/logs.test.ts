import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { keepLogs } from '../../src/cli/keep-logs.ts'
import { connectNats } from '../../src/lattice/connect.ts'
import { publishLogs } from '../../src/lattice/publish-logs.ts'
import { logsSubject } from '../../src/lattice/subjects.ts'
import { createLog } from '../../src/log.ts'
import { type FakeHost, startFakeHost } from '../lattice/fake-host.ts'
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
  assert.deepEqual(await lines('--host', 'brave-fox', '--trace', 'ff'), [])
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
  assert.equal(code, 0)
  assert.match(
    err,
    /^(weft: no component or provider late runs; nothing runs in this lattice; waiting .*\n)?$/,
  )
  assert.ok(!out.includes('not asked for'))
})

test('a lattice whose logs nobody keeps says what to do', async () => {
  const { code, err } = await cli.run('logs', '--lattice', 'unkept')
  assert.equal(code, 1)
  assert.match(err, /^weft: nobody keeps the logs of lattice unkept: .*--follow/)
})

test('a name that nobody has is told, with what may have been meant', async () => {
  const annotations = { 'wasmcloud.dev/appspec': 'shop' }
  const component = { image_ref: 'file:///c.wasm', annotations, revision: 0, max_instances: 1, limits: null }
  const host: FakeHost = await startFakeHost({
    connection,
    lattice,
    log: quiet,
    handlers: {
      inventory: () => ({ ...host.inventory, components: [{ id: 'shop-cart', ...component }] }),
    },
  })
  const { friendly_name: name, id } = host.summary
  const unknown = async (...args: readonly string[]) => {
    const { code, out, err } = await cli.run('logs', ...args)
    assert.deepEqual([code, out], [1, ''])
    return err
  }
  const nobody = (called: string) => `weft: no component or provider ${called} runs; `
  assert.equal(await unknown('cart'), `${nobody('cart')}did you mean shop-cart?\n`)
  assert.equal(await unknown('shop-crat', '-o', 'json'), `${nobody('shop-crat')}did you mean shop-cart?\n`)
  assert.equal(await unknown('shop'), `${nobody('shop')}shop is the application of shop-cart\n`)
  assert.equal(await unknown('nosuch'), `${nobody('nosuch')}there is shop-cart\n`)
  assert.equal(await unknown(name), `${nobody(name)}${name} is a host: \`weft logs --host ${name}\`\n`)
  assert.equal(await unknown('--host', 'x'), `weft: there is no host x: the hosts are ${name}\n`)
  assert.match(await unknown('--host', id), new RegExp(`--host ${name}`))
  const kept = await cli.run('logs', 'shop-cart')
  assert.deepEqual(kept, { code: 0, out: '', err: 'weft: no kept line is of that kind\n' })
  assert.deepEqual(await lines('greeter', '--level', 'error'), [])

  const following = cli.begin('logs', 'cart', '--follow')
  await until(() => following.output().endsWith('did you mean shop-cart?; waiting for its first line\n'))
  following.interrupt()
  await following.ended
  await host.stop()
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

test('lines of several hosts are shown in the order of their time, whoever sent first', async () => {
  const at = (message: string, time: number) => ({
    level: 'info',
    message,
    time,
    attributes: { component: 'c' },
  })
  const send = (host: string, ...all: readonly object[]) =>
    connection.publish(logsSubject(lattice), JSON.stringify(all.map((line) => ({ host, ...line }))))
  const now = Date.now()
  send('oak', at('second', now + 2), at('fourth', now + 4))
  send('elm', at('first', now + 1), at('third', now + 3))
  await until(async () => (await lines('c').catch(() => [])).length === 4)
  assert.deepEqual(await lines('c'), ['first', 'second', 'third', 'fourth'])
  assert.deepEqual(await lines('c', '--limit', '1'), ['fourth'])

  const following = cli.begin('logs', 'c', '--follow')
  await until(() => following.output().includes('fourth'))
  send('oak', at('sixth', now + 6), at('eighth', now + 8))
  send('elm', at('fifth', now + 5), at('seventh', now + 7))
  await until(() => following.output().includes('eighth'))
  following.interrupt()
  const { out } = await following.ended
  const order = [...out.matchAll(/ (\w+)\n/g)].map(([, word]) => word)
  assert.deepEqual(order, ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'])
})
