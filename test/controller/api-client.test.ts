import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { NatsConnection } from 'nats'
import { type AppClient, createAppClient } from '../../src/controller/api-client.ts'
import { connectNats } from '../../src/lattice/connect.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'

let nats: NatsServer
let connection: NatsConnection
let apps: AppClient

before(async () => {
  nats = await startNats()
  connection = await connectNats({ url: nats.url, name: 'test' })
  apps = createAppClient({ connection, lattice: 'wadm' })
})
after(async () => {
  await connection?.close()
  await nats?.stop()
})

/** Answers one operation as wadm 0.21.1 was seen to. */
function wadmAnswers(operation: string, reply: object): void {
  connection.subscribe(`wadm.api.wadm.model.${operation}`, {
    max: 1,
    callback: (_, message) => void message.respond(JSON.stringify(reply)),
  })
}

test("wadm's status without messages and parts is read as an empty one", async () => {
  const deployed = { type: 'deployed' }
  wadmAnswers('status.a', {
    result: 'ok',
    message: '',
    status: {
      status: deployed,
      scalers: [{ id: '1', kind: 'LinkScaler', name: 'a -(b:c)-> d', status: deployed }],
      version: '',
      components: [],
    },
  })
  const whole = await apps.status('a')
  assert.deepEqual(whole.status, { type: 'deployed', message: '' })
  assert.deepEqual(whole.scalers, [
    { id: '1', kind: 'LinkScaler', name: 'a -(b:c)-> d', status: { type: 'deployed', message: '' } },
  ])
  wadmAnswers('status.b', { result: 'ok', status: { status: { type: 'undeployed' } } })
  assert.deepEqual(await apps.status('b'), {
    status: { type: 'undeployed', message: '' },
    version: '',
    scalers: [],
  })
})

test('what wadm says it can not do is said in its words', async () => {
  const message = 'Model deployment history is not currently supported. It may be added in a future version'
  wadmAnswers('history.a', { result: 'error', message })
  await assert.rejects(apps.history('a'), { message })
})
