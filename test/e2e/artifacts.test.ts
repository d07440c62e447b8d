import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { connectNats } from '../../src/lattice/connect.ts'
import { openCli } from '../support/run-cli.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { findRegistry, registryUser, startRegistry } from '../support/start-registry.ts'
import { until } from '../support/until.ts'

const program = await findRegistry()
const skip = program === undefined && 'there is no registry program (docker-registry) on this machine'
const greeter = join(import.meta.dirname, '../../manifests/chain/greeter/greeter.wasm')

test('a host runs a component from a registry; what it refuses says why', { skip }, async () => {
  const nats: NatsServer = await startNats()
  const registry = await startRegistry(program ?? '', 'open')
  const cli = await openCli({ WEFT_NATS_URL: nats.url })
  const host = cli.begin('host', '--threads', '1', '--allowed-insecure', registry.host)
  try {
    await until(() => host.output().includes('has joined'), { timeoutMs: 30_000 })
    const ref = `${registry.host}/acme/greeter:1.0.0`
    assert.equal((await cli.run('push', ref, greeter, '--insecure')).code, 0)
    const scaled = await cli.run('scale', 'greeter', '3', '--ref', ref)
    assert.equal(scaled.code, 0, scaled.err)
    const shown = JSON.parse((await cli.run('get', 'components', '-o', 'json')).out)
    assert.equal(shown[0].on[0].item.image_ref, ref)

    const latest = await cli.run('scale', 'other', '1', '--ref', `${registry.host}/acme/greeter`)
    assert.match(latest.err, /the tag latest is refused unless the host has --allow-latest/)
    const missing = await cli.run('scale', 'other', '1', '--ref', `${registry.host}/acme/greeter:2`)
    assert.match(missing.err, /has no such artifact/)
  } finally {
    host.interrupt()
    await host.ended
    await cli.close()
    await registry.stop()
    await nats.stop()
  }
})

test('a registry login that the lattice hands out is used by its hosts', { skip }, async () => {
  const nats: NatsServer = await startNats()
  const registry = await startRegistry(program ?? '', 'login')
  const cli = await openCli({ WEFT_NATS_URL: nats.url })
  const host = cli.begin('host', '--threads', '1', '--allowed-insecure', registry.host)
  const connection = await connectNats({ url: nats.url, name: 'test' })
  try {
    await until(() => host.output().includes('has joined'), { timeoutMs: 30_000 })
    const ref = `${registry.host}/acme/greeter:1`
    const login = [
      '--oci-registry',
      registry.host,
      '--oci-user',
      'ada',
      '--oci-password',
      registryUser.password,
    ]
    assert.equal((await cli.run('push', ref, greeter, '--insecure', ...login)).code, 0)
    assert.match((await cli.run('scale', 'greeter', '1', '--ref', ref)).err, /no login is known for it/)
    const put = { [registry.host]: { ...registryUser, registryType: 'oci' } }
    const answer = await connection.request('wasmbus.ctl.v1.default.registry.put', JSON.stringify(put))
    assert.equal(answer.json<{ message: string }>().message, 'successfully put registries')
    const scaled = await cli.run('scale', 'greeter', '1', '--ref', ref)
    assert.equal(scaled.code, 0, scaled.err)
    assert.ok(!host.output().includes(registryUser.password))
  } finally {
    host.interrupt()
    await host.ended
    await connection.close()
    await cli.close()
    await registry.stop()
    await nats.stop()
  }
})
