import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { makeNatsAccounts, type NatsAccounts } from '../support/nats-accounts.ts'
import { openCli } from '../support/run-cli.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'

let accounts: NatsAccounts
let nats: NatsServer
before(async () => {
  accounts = await makeNatsAccounts()
  nats = await startNats(accounts.args)
})
after(async () => {
  await nats.stop()
  await accounts.close()
})

test('a host and a command log in with what flags or environment give, calls with a login of their own', async () => {
  const control = await accounts.user('control')
  const rpc = await accounts.user('rpc')
  const cli = await openCli({ WEFT_NATS_URL: nats.url })
  const host = cli.begin(
    'host',
    '--nats-creds',
    control.creds,
    '--rpc-jwt',
    rpc.jwt,
    '--rpc-seed',
    rpc.seed,
    '--threads',
    '1',
  )
  try {
    await until(() => host.output().includes('has joined'), { timeoutMs: 30_000 })
    const byFlag = await cli.run(
      'get',
      'hosts',
      '-o',
      'json',
      '--nats-jwt',
      control.jwt,
      '--nats-seed',
      control.seed,
    )
    assert.equal(JSON.parse(byFlag.out).length, 1, byFlag.err)
    const refused = await cli.run('get', 'hosts')
    assert.equal(refused.code, 1)
    assert.match(refused.err, /refused the login.*Check --nats-creds/)
  } finally {
    host.interrupt()
    await host.ended
    await cli.close()
  }
})

test('the environment logs a command in', async () => {
  const { creds } = await accounts.user('env')
  const cli = await openCli({ WEFT_NATS_URL: nats.url, WEFT_NATS_CREDS: creds })
  try {
    const { code, out, err } = await cli.run('get', 'hosts')
    assert.deepEqual({ code, out }, { code: 0, out: 'no hosts answer\n' }, err)
  } finally {
    await cli.close()
  }
})
