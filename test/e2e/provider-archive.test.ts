import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { thisTarget } from '../../src/artifact/archive.ts'
import { writeTar } from '../../src/artifact/write-tar.ts'
import { connectNats } from '../../src/lattice/connect.ts'
import { greetOver } from '../support/greet.ts'
import { openCli } from '../support/run-cli.ts'
import { startNats } from '../support/start-nats.ts'
import { findRegistry, startRegistry } from '../support/start-registry.ts'
import { until } from '../support/until.ts'
import { root } from '../support/weft.ts'

const registryProgram = await findRegistry()
const skip = registryProgram === undefined && 'there is no registry program (docker-registry) on this machine'
const value = 'correct-horse-battery-staple'
const patient = { timeoutMs: 30_000 }

test('a signed archive from a registry runs as a process, with the secret that it was granted', {
  skip,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weft-archive-'))
  const nats = await startNats()
  const registry = await startRegistry(registryProgram ?? '', 'open')
  const cli = await openCli({ WEFT_NATS_URL: nats.url })
  const connection = await connectNats({ url: nats.url, name: 'listener' })
  const leaks: string[] = []
  connection.subscribe('wasmbus.>', {
    callback: (_, message) => {
      if (Buffer.from(message.data).includes(value)) leaks.push(message.subject)
    },
  })
  const backend = cli.begin('secrets', 'serve')
  const host = cli.begin('host', '--threads', '1', '--require-signed', '--allowed-insecure', registry.host)
  try {
    await until(
      () => host.output().includes('has joined') && backend.output().includes('answers on'),
      patient,
    )
    const program = await readFile(join(root, 'test/provider-programs/greeter.py'))
    const archive = join(folder, 'greeter.par.gz')
    await writeFile(archive, gzipSync(writeTar({ [`${thisTarget()}.bin`]: program })))
    const unsigned = `${registry.host}/acme/greeter:0`
    assert.equal((await cli.run('push', unsigned, archive, '--insecure')).code, 0)
    assert.match((await cli.run('start', 'provider', 'greeter', unsigned)).err, /is not signed/)

    const signed = JSON.parse((await cli.run('sign', archive, '-o', 'json')).out)
    const ref = `${registry.host}/acme/greeter:1`
    assert.equal((await cli.run('push', ref, signed.file, '--insecure')).code, 0)
    await writeFile(join(folder, 'value.txt'), value)
    assert.equal((await cli.run('secrets', 'put', 'password', '--file', join(folder, 'value.txt'))).code, 0)
    assert.equal((await cli.run('secrets', 'refer', 'password')).code, 0)
    const start = () => cli.run('start', 'provider', 'greeter', ref, '--config', 'SECRET_password')
    assert.match((await start()).err, /the backend does not give it/)
    assert.equal((await cli.run('secrets', 'grant', signed.file, 'password')).code, 0)
    const started = await start()
    assert.equal(started.code, 0, started.err)

    const greet = greetOver(connection, 'greeter')
    assert.equal(await greet('secret'), value)
    // One that starts again has the secret as it is then.
    await writeFile(join(folder, 'value.txt'), `${value}-2`)
    assert.equal((await cli.run('secrets', 'put', 'password', '--file', join(folder, 'value.txt'))).code, 0)
    process.kill(Number(await greet('pid')), 'SIGKILL')
    await until(async () => (await greet('secret', 5_000).catch(() => '')) === `${value}-2`, patient)
    const [shown] = JSON.parse((await cli.run('get', 'providers', '-o', 'json')).out)
    assert.equal(shown.id, 'greeter')
    assert.match((await cli.run('get', 'claims')).out, /greeter/)
    assert.equal((await cli.run('stop', 'provider', 'greeter')).code, 0)
    assert.deepEqual(leaks, [])
    assert.ok(!host.output().includes(value))
  } finally {
    host.interrupt()
    backend.interrupt()
    await host.ended
    await backend.ended
    await connection.close()
    await cli.close()
    await registry.stop()
    await nats.stop()
    await rm(folder, { recursive: true, force: true })
  }
})
