import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectNats, subscribeGuarded } from '../../src/lattice/connect.ts'
import { createLog } from '../../src/log.ts'
import { openCli } from '../support/run-cli.ts'
import { startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'
import { openWorkplace } from '../support/weft.ts'

test('a policy service decides what starts and what may be called, and may change its mind', async () => {
  const nats = await startNats()
  const place = await openWorkplace()
  const cli = await openCli({ WEFT_NATS_URL: nats.url })
  const connection = await connectNats({ url: nats.url, name: 'policy' })
  const calls: string[] = []
  subscribeGuarded(connection, 'policy', {
    log: createLog(() => undefined),
    onMessage(message) {
      const { requestId, kind, request } = JSON.parse(message.string())
      const isGreet = kind === 'performInvocation' && request.target.componentId === 'chain-greeter'
      if (isGreet) calls.push(requestId)
      const permitted = !isGreet && request.componentId !== 'forbidden'
      message.respond(JSON.stringify({ requestId, permitted, message: permitted ? '' : 'says the test' }))
    },
  })
  const policyFlags = ['--policy-topic', 'policy', '--policy-changes-topic', 'policy.changes']
  const host = cli.begin('host', '--threads', '2', '--controller', ...policyFlags)
  try {
    await until(() => host.output().includes('has joined'), { timeoutMs: 30_000 })
    const app = await place.manifest('manifests/chain/app.yaml')
    const deployed = await cli.run('app', 'deploy', app.path)
    assert.equal(deployed.code, 0, deployed.err)
    const refused = await cli.run('scale', 'forbidden', '1', '--ref', 'manifests/chain/greeter/greeter.wasm')
    assert.match(refused.err, /Policy denied request to scale component `forbidden`: says the test/)

    const denied = await fetch(`${app.url}/?name=Ada`)
    assert.equal(denied.status, 403)
    await until(() => calls.length > 0)
    assert.equal(calls.length, 1)
    connection.publish('policy.changes', JSON.stringify({ requestId: calls[0], permitted: true }))
    await until(async () => (await (await fetch(`${app.url}/?name=Ada`)).text()).includes('Ada'), {
      timeoutMs: 10_000,
    })
    assert.equal(calls.length, 1)
  } finally {
    host.interrupt()
    await host.ended
    await connection.close()
    await cli.close()
    await place.close()
    await nats.stop()
  }
})
