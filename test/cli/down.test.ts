import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import type { NatsConnection } from 'nats'
import { connectNats } from '../../src/lattice/connect.ts'
import { readRunning, writeRunning } from '../../src/lattice/state-file.ts'
import { createLog } from '../../src/log.ts'
import { type FakeHost, startFakeHost } from '../lattice/fake-host.ts'
import { openCli } from '../support/run-cli.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'

let nats: NatsServer
let connection: NatsConnection
let cli: Awaited<ReturnType<typeof openCli>>
const log = createLog(() => undefined)
const programs: ChildProcess[] = []

before(async () => {
  nats = await startNats()
  connection = await connectNats({ url: nats.url, name: 'hosts' })
  cli = await openCli()
})
after(async () => {
  for (const program of programs) program.kill('SIGKILL')
  await connection.close()
  await nats.stop()
  await cli.close()
})

/** A host that stops when it is asked to; `stubborn` ones refuse. */
async function startHost(lattice: string, options: { readonly stubborn?: boolean } = {}): Promise<FakeHost> {
  const host: FakeHost = await startFakeHost({
    connection,
    lattice,
    log,
    handlers: {
      stopHost() {
        if (options.stubborn) return { success: false, message: 'I stay' }
        setImmediate(() => void host.stop())
        return { success: true, message: '' }
      },
    },
  })
  return host
}

/** A process that lives until SIGTERM, in the place of `weft up`. */
async function startProgram(): Promise<ChildProcess & { readonly pid: number }> {
  const program =
    "process.on('SIGTERM', () => process.exit()); setInterval(() => {}, 1000); console.log('up')"
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  programs.push(child)
  await once(child.stdout, 'data')
  return child as unknown as ChildProcess & { readonly pid: number }
}

const there = (lattice: string) => ['--nats-url', nats.url, '--lattice', lattice]

test('nothing running is said, and is no failure', async () => {
  const { code, out } = await cli.run('down')
  assert.deepEqual([code, out], [0, 'nothing to stop: no `weft up` runs on this machine\n'])
})

test('without arguments the weft up of this machine is stopped, after the hosts that joined it', async () => {
  const own = await startHost('mine', { stubborn: true })
  const joined = await startHost('mine')
  const program = await startProgram()
  const running = { url: nats.url, lattice: 'mine', pid: program.pid, hostId: own.id }
  await writeRunning(running, cli.env)
  const { code, out, err } = await cli.run('down')
  assert.equal(code, 0, err)
  assert.equal(
    out,
    `host ${joined.summary.friendly_name} has stopped\nlattice mine at ${nats.url} has stopped\n`,
  )
  assert.equal(await readRunning(cli.env), undefined)
  await own.stop()
})

test('a weft up whose NATS is gone already is stopped all the same', async () => {
  const program = await startProgram()
  await writeRunning({ url: 'nats://127.0.0.1:1', lattice: 'lost', pid: program.pid }, cli.env)
  const { code, out, err } = await cli.run('down')
  assert.equal(code, 0)
  assert.match(err, /^weft: the hosts that joined it: no NATS server listens at /)
  assert.equal(out, 'lattice lost at nats://127.0.0.1:1 has stopped\n')
})

test('a flag that names another lattice stops nothing by itself', async () => {
  const program = await startProgram()
  await writeRunning({ url: nats.url, lattice: 'mine', pid: program.pid }, cli.env)
  for (const flag of ['--lattice', '--nats-url']) {
    const { code, err } = await cli.run('down', flag, 'other')
    assert.equal(code, 2)
    assert.match(
      err,
      new RegExp(`${flag} names a lattice, but not what to stop there: add host names, or --all`),
    )
  }
  assert.equal((await readRunning(cli.env))?.pid, program.pid)
  program.kill()
  await once(program, 'exit')
})

test('hosts that are named are stopped, by name or id, and no others', async () => {
  const [one, two, three] = [await startHost('some'), await startHost('some'), await startHost('some')]
  const { code, out } = await cli.run('down', one.summary.friendly_name, two.id, one.id, ...there('some'))
  assert.equal(code, 0)
  const lines = out.trimEnd().split('\n')
  const expected = [one, two].map(({ summary }) => `host ${summary.friendly_name} has stopped`)
  assert.deepEqual(lines.toSorted(), expected.toSorted())
  const left = JSON.parse((await cli.run('get', 'hosts', '-o', 'json', ...there('some'))).out) as FakeHost[]
  assert.deepEqual(
    left.map(({ id }) => id),
    [three.id],
  )
  await three.stop()
})

test('a name that fits no host stops nothing', async () => {
  const host = await startHost('typo')
  const { code, err } = await cli.run('down', host.id, 'nobody-there', ...there('typo'))
  assert.equal(code, 2)
  assert.match(err, /there is no host nobody-there/)
  assert.equal((await cli.run('down', '', ...there('typo'))).code, 2)
  assert.match((await cli.run('get', 'hosts', ...there('typo'))).out, new RegExp(host.id))
  await host.stop()
})

test('--all stops every host; one that refuses is told when the others have stopped', async () => {
  const good = await startHost('all')
  const stubborn = await startHost('all', { stubborn: true })
  const { code, out, err } = await cli.run('down', '--all', ...there('all'))
  assert.equal(code, 1)
  assert.equal(out, `host ${good.summary.friendly_name} has stopped\n`)
  assert.equal(err, `weft: ${stubborn.summary.friendly_name}: I stay\n`)
  await stubborn.stop()
  const none = await cli.run('down', '--all', ...there('all'))
  assert.deepEqual([none.code, none.out], [0, 'nothing to stop: no hosts answer\n'])
})

test('Ctrl-C ends the wait for a host that does not go', async () => {
  const host = await startFakeHost({ connection, lattice: 'slow', log })
  const down = cli.begin('down', '--all', ...there('slow'))
  await until(() => host.asked.length > 0)
  down.interrupt()
  const { code, err } = await down.ended
  assert.deepEqual([code, err], [1, 'weft: interrupted; what was asked to stop goes on stopping\n'])
  await host.stop()
})
