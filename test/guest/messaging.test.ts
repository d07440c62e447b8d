import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Call } from '../../src/call/call.ts'
import { type BrokerMessage, serveConsumer } from '../../src/capability/messaging-serve.ts'
import { messagingHandler } from '../../src/capability/messaging-wit.ts'
import type { GuestComponent } from '../../src/guest/component.ts'
import { fakeServices, fetchFrom, openGuests } from '../support/guest.ts'
import { sampleCall } from '../support/sample-call.ts'

describe('a component that sends and handles messages', () => {
  let guests: Awaited<ReturnType<typeof openGuests>>
  let component: GuestComponent
  before(async () => {
    guests = await openGuests()
    component = await guests.load('test/guests/messaging-p2/messaging-p2.wasm')
  })
  after(() => guests.close())

  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
  const broker = () => {
    const calls: Call[] = []
    const sent: [string, string][] = []
    const serve = serveConsumer(() => ({
      publish: async ({ subject, body }) => {
        if (subject === 'closed') throw new Error('subject closed')
        sent.push([subject, text(body)])
      },
      request: async ({ subject, body }, { timeoutMs }): Promise<BrokerMessage> => ({
        subject: '_INBOX.1',
        body: Buffer.from(`${subject} got ${text(body)} within ${timeoutMs}`),
        replyTo: undefined,
      }),
    }))
    const services = fakeServices({
      invoke: (call) => {
        calls.push(call)
        return serve(call)
      },
    })
    return { calls, sent, services }
  }
  const handle = (body: string, services: ReturnType<typeof fakeServices>, replyTo?: string) => {
    const { id, functions } = messagingHandler()
    const call = sampleCall({
      target: 'guest',
      args: [{ subject: 'in.x', body: Buffer.from(body), replyTo }],
    })
    return component.run({ ...call, operation: { interface: id, function: functions[0] } }, services)
  }

  test('publishes and requests over its link for wasmcloud:messaging/consumer', async () => {
    const { calls, sent, services } = broker()
    assert.equal((await fetchFrom(component, '/publish?a.b=hi', { services })).text, 'published\n')
    assert.deepEqual(sent, [['a.b', 'hi']])
    const answered = await fetchFrom(component, '/request?a.b=hi', { services })
    assert.equal(answered.text, 'a.b got hi within 2000\n')
    assert.deepEqual(
      calls.map(({ operation }) => `${operation.interface}.${operation.function.name}`),
      ['wasmcloud:messaging/consumer@0.2.0.publish', 'wasmcloud:messaging/consumer@0.2.0.request'],
    )
  })

  test('is told what the broker says no to', async () => {
    const { services } = broker()
    const answered = await fetchFrom(component, '/publish?closed=hi', { services })
    assert.deepEqual([answered.response.status, answered.text], [500, 'subject closed\n'])
  })

  test('handles a message, answers one, sends one on, refuses one, and traps at one', async () => {
    const { sent, services } = broker()
    assert.deepEqual(await handle('plain', services), { tag: 'ok' })
    await handle('question', services, '_INBOX.7')
    await handle('onward out.y', services)
    assert.deepEqual(sent, [
      ['_INBOX.7', 'in.x: question'],
      ['out.y', 'onward'],
    ])
    assert.deepEqual(await handle('fail', services), { tag: 'err', val: 'told to fail' })
    await assert.rejects(handle('trap', services), { code: 'trapped' })
    assert.deepEqual(await handle('plain', services), { tag: 'ok' })
  })
})
