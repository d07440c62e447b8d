import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { Kvm } from '@nats-io/kv'
import { connectNats } from '../../src/lattice/connect.ts'
import { startNatsServer } from '../../src/lattice/nats-server.ts'
import { findNatsServer } from '../../src/lattice/nats-server-binary.ts'
import { isRunning, processMark } from '../../src/lattice/same-process.ts'
import { createLog, type LogRecord } from '../../src/log.ts'
import { until } from '../support/until.ts'

const silent = createLog(() => undefined)

async function withDir(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'weft-server-'))
  try {
    await run(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

test('a server answers on the loopback with JetStream, keeps its data, and ends when stopped', () =>
  withDir(async (dir) => {
    const lines: LogRecord[] = []
    const log = createLog((line) => lines.push(line))
    const first = await startNatsServer({ storeDir: dir, port: 0, log })
    const connection = await connectNats({ url: first.url, name: 'test' })
    assert.equal(connection.info?.version, first.version)
    assert.match(first.url, /^nats:\/\/127\.0\.0\.1:\d+$/)
    await (await new Kvm(connection).create('kept')).put('key', 'value')
    await connection.close()
    await first.stop()
    assert.equal(isRunning({ pid: first.pid, started: '' }), false)
    assert.ok(lines.some((line) => line.level === 'debug' && line.message.includes('Server is ready')))
    assert.deepEqual(
      lines.filter((line) => line.level === 'error'),
      [],
    )

    const second = await startNatsServer({ storeDir: dir, port: 0, log: silent })
    const again = await connectNats({ url: second.url, name: 'test' })
    assert.equal((await (await new Kvm(again).open('kept')).get('key'))?.string(), 'value')
    await again.close()
    await second.stop()
  }))

test('a second server on the same store is refused with the pid of the first', () =>
  withDir(async (dir) => {
    const server = await startNatsServer({ storeDir: dir, port: 0, log: silent })
    try {
      await assert.rejects(startNatsServer({ storeDir: dir, port: 0, log: silent }), {
        code: 'denied',
        message: `another weft up (pid ${process.pid}) already runs this lattice; its data is in ${dir}`,
      })
    } finally {
      await server.stop()
    }
  }))

test('of two that start on one store at the same time one wins', () =>
  withDir(async (dir) => {
    const start = () => startNatsServer({ storeDir: dir, port: 0, log: silent })
    const starts = await Promise.allSettled([start(), start(), start()])
    const won = starts.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    assert.equal(won.length, 1)
    for (const server of won) await server.stop()
    assert.ok(!(await readdir(dir)).some((name) => name.startsWith('weft.lock')))
  }))

test('a lock that cannot be read, or whose owner is dead, is taken over', () =>
  withDir(async (dir) => {
    for (const lock of ['', '{}', '{"owner":{"pid":1,"started":"before the last boot"}}']) {
      await writeFile(join(dir, 'weft.lock'), lock)
      await (await startNatsServer({ storeDir: dir, port: 0, log: silent })).stop()
    }
  }))

test('the next free port is taken when the wanted one is not free', () =>
  withDir(async (dir) => {
    const blocker = createServer()
    blocker.listen(0, '127.0.0.1')
    await once(blocker, 'listening')
    const address = blocker.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const server = await startNatsServer({ storeDir: dir, port, log: silent })
    try {
      const got = Number(new URL(server.url).port)
      assert.ok(got > port && got < port + 100, `got ${got} instead of ${port}`)
    } finally {
      blocker.close()
      await server.stop()
    }
  }))

test('an ephemeral server leaves nothing behind', () =>
  withDir(async (dir) => {
    const before = process.env['TMPDIR']
    process.env['TMPDIR'] = dir
    try {
      const server = await startNatsServer({ storeDir: '/not/used', port: 0, log: silent, ephemeral: true })
      assert.equal((await readdir(dir)).length, 1)
      await server.stop()
      assert.deepEqual(await readdir(dir), [])
    } finally {
      if (before === undefined) delete process.env['TMPDIR']
      else process.env['TMPDIR'] = before
    }
  }))

test('a server that ends by itself is told', () =>
  withDir(async (dir) => {
    const told = Promise.withResolvers<string>()
    const log = createLog((line) => {
      if (line.level === 'error') told.resolve(line.message)
    })
    const server = await startNatsServer({ storeDir: dir, port: 0, log })
    process.kill(server.pid, 'SIGKILL')
    assert.equal(await told.promise, 'the NATS server ended by itself')
    await server.stop()
  }))

test('after kill -9 of its owner the server ends, and a new owner gets the store', () =>
  withDir(async (dir) => {
    const owner = spawn(process.execPath, ['--input-type=module-typescript', '-e', ownerProgram(dir)], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line]: string[] = await once(createInterface({ input: owner.stdout }), 'line')
    const server = processMark(Number(line))
    assert.equal(isRunning(server), true)
    owner.kill('SIGKILL')
    await once(owner, 'exit')
    const next = await startNatsServer({ storeDir: dir, port: 0, log: silent })
    assert.equal(isRunning(server), false)
    await next.stop()
  }))

test('a server that does not react to the end of its owner is killed', () =>
  withDir(async (dir) => {
    const owner = spawn(process.execPath, ['--input-type=module-typescript', '-e', ownerProgram(dir)], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line]: string[] = await once(createInterface({ input: owner.stdout }), 'line')
    const server = processMark(Number(line))
    process.kill(server.pid, 'SIGSTOP')
    owner.kill('SIGKILL')
    await until(() => !isRunning(server), { timeoutMs: 10_000 })
  }))

test('NATS_SERVER_BIN comes first, and one that does not run or is too old is an error', () =>
  withDir(async (dir) => {
    const old = join(dir, 'nats-server')
    await writeFile(old, '#!/bin/sh\necho "nats-server: v2.9.10"\n')
    await chmod(old, 0o755)
    await assert.rejects(findNatsServer({ NATS_SERVER_BIN: old }), {
      code: 'not_found',
      message: /is 2\.9\.10, older than 2\.10, which silently ignores TTLs/,
    })
    await assert.rejects(findNatsServer({ NATS_SERVER_BIN: join(dir, 'none') }), {
      code: 'not_found',
      message: /NATS_SERVER_BIN .*none does not run/,
    })
    const found = await findNatsServer({ PATH: dir })
    assert.match(found.path, /nats-server-linux-x64/)
    assert.match(found.version, /^2\.\d+\.\d+$/)
  }))

test('an error of the server itself is told with its own words', () =>
  withDir(async (dir) => {
    await writeFile(join(dir, 'jetstream'), 'a file where the store must be')
    await assert.rejects(startNatsServer({ storeDir: dir, port: 0, log: silent }), {
      code: 'unavailable',
      message: /the NATS server did not start \(exit code 1\): .*jetstream/i,
    })
    // The failed start has given the store back.
    await rm(join(dir, 'jetstream'))
    await (await startNatsServer({ storeDir: dir, port: 0, log: silent })).stop()
  }))

function ownerProgram(dir: string): string {
  return `
    import { startNatsServer } from '../../src/lattice/nats-server.ts'
    import { createLog } from '../../src/log.ts'
    const log = createLog(() => undefined)
    const server = await startNatsServer({ storeDir: ${JSON.stringify(dir)}, port: 0, log })
    console.log(server.pid)`
}
