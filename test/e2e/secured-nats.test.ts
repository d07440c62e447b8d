import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { makeNatsAccounts } from '../support/nats-accounts.ts'
import { openCli } from '../support/run-cli.ts'
import { startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'
import { openWorkplace, root } from '../support/weft.ts'

const tls = join(import.meta.dirname, '..', 'support', 'tls')

test('a lattice on a NATS with TLS and accounts: host, controller, providers, commands', async () => {
  const accounts = await makeNatsAccounts({
    tls: { cert_file: join(tls, 'server.pem'), key_file: join(tls, 'server-key.pem') },
  })
  const nats = await startNats(accounts.args)
  const { creds } = await accounts.user('all')
  const place = await openWorkplace()
  const secured = { WEFT_NATS_URL: nats.url, WEFT_NATS_TLS_CA: join(tls, 'authority.pem') }
  const cli = await openCli({ ...secured, WEFT_NATS_CREDS: creds })
  const stranger = await openCli(secured)
  const host = cli.begin('host', '--threads', '2', '--controller')
  try {
    await until(() => host.output().includes('has joined'), { timeoutMs: 30_000 })
    const app = await place.manifest('manifests/hello/app.yaml')
    const deployed = await cli.run('app', 'deploy', app.path)
    assert.equal(deployed.code, 0, deployed.err)
    assert.match(await (await fetch(app.url)).text(), /visit 1/)
    assert.match(await (await fetch(app.url)).text(), /visit 2/)
    assert.match((await stranger.run('get', 'hosts')).err, /refused the login/)
    assert.equal((await cli.run('get', 'components')).out.includes('hello-hello'), true)
    // A provider in a process of its own is handed login and authority; it answers health checks over NATS.
    const provider = pathToFileURL(join(root, 'test/provider-programs/greeter.ts')).href
    const started = await cli.run('start', 'provider', 'greeter', provider)
    assert.equal(started.code, 0, started.err)
    assert.doesNotMatch(host.output(), /greeter is unhealthy/)
  } finally {
    host.interrupt()
    await host.ended
    await cli.close()
    await stranger.close()
    await place.close()
    await nats.stop()
    await accounts.close()
  }
})

test('a password in the URL is not printed', async () => {
  const nats = await startNats(['--user', 'ada', '--pass', 'hush'])
  const cli = await openCli({ WEFT_NATS_URL: nats.url.replace('//', '//ada:hush@') })
  const host = cli.begin('host', '--threads', '1')
  try {
    await until(() => host.output().includes('has joined'), { timeoutMs: 30_000 })
    const all = host.output() + (await cli.run('get', 'hosts', '-o', 'json')).out
    assert.ok(!all.includes('hush'), all)
    const provider = pathToFileURL(join(root, 'test/provider-programs/greeter.ts')).href
    const started = await cli.run('start', 'provider', 'greeter', provider)
    assert.equal(started.code, 0, started.err)
    assert.doesNotMatch(host.output(), /greeter is unhealthy/)
    assert.ok(!host.output().includes('hush'))
  } finally {
    host.interrupt()
    await host.ended
    await cli.close()
    await nats.stop()
  }
})
