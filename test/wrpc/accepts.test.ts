import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { headers, type Msg } from 'nats'
import type { Call, Invoke } from '../../src/call/call.ts'
import { Acceptance } from '../../src/wrpc/acceptance.ts'
import { LateAccepts } from '../../src/wrpc/late-accepts.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'
import { connectPeer, keepIn, type Peer, subjectOf } from './peers.ts'

let nats: NatsServer
let server: Peer
let client: Peer
before(async () => {
  nats = await startNats()
  server = await connectPeer(nats.url)
  client = await connectPeer(nats.url)
})
after(async () => {
  await server?.connection.close()
  await client?.connection.close()
  await nats?.stop()
})

/** What a Weft caller gets for `echo("x")`, as tails of its inbox, after `within` ms. */
async function tailsOf(
  invoke: Invoke,
  accepts: 'first' | 'late',
): Promise<{ tails: string[]; accept: Msg | undefined }> {
  const serving = await server.serve(invoke, { accepts })
  const messages: Msg[] = []
  const watch = client.connection.subscribe('caller.>', { callback: keepIn(messages) })
  const mark = headers()
  mark.set('weft-peer', `1 deadline=${Date.now() + 5000} accept-by=${Date.now() + 1000} whole`)
  client.connection.publish(subjectOf('echo'), Uint8Array.of(1, 0x78), { reply: 'caller.a', headers: mark })
  const isAnswer = ({ subject }: Msg) => /\.(whole|results)$/.test(subject)
  await until(() => messages.some(isAnswer))
  watch.unsubscribe()
  await serving.drain()
  return {
    tails: messages.map(({ subject }) => subject.slice('caller.a'.length)),
    accept: messages.find(({ subject }) => subject === 'caller.a'),
  }
}

test('a call that is answered at once is two messages', async () => {
  const { tails } = await tailsOf(async (call) => call.args[0], 'late')
  assert.deepEqual(tails, ['.whole'])
})

test('one that takes a while is accepted before it is answered', async () => {
  const slow: Invoke = async (call) => {
    await delay(20)
    return call.args[0]
  }
  const { tails, accept } = await tailsOf(slow, 'late')
  assert.deepEqual(tails, ['', '.whole'])
  assert.equal(accept?.headers?.get('weft-peer'), '1')
  assert.ok(accept?.reply)
})

test('so is one that has an effect, and one whose server has effects without saying so', async () => {
  const committing: Invoke = async (call) => {
    call.course.commit()
    return call.args[0]
  }
  assert.deepEqual((await tailsOf(committing, 'late')).tails, ['', '.whole'])
  assert.deepEqual((await tailsOf(async (call) => call.args[0], 'first')).tails, ['', '.whole'])
})

test('a call that is taken up too late has no effect, and no answer', async () => {
  let effects = 0
  const serving = await server.serve(
    async (call: Call) => {
      // As after a thaw: the process stood still until its callers had given up.
      while (Date.now() < acceptBy + 5);
      call.course.commit()
      effects += 1
      return call.args[0]
    },
    { accepts: 'late' },
  )
  const messages: Msg[] = []
  const watch = client.connection.subscribe('late.>', { callback: keepIn(messages) })
  const mark = headers()
  const acceptBy = Date.now() + 200
  mark.set('weft-peer', `1 deadline=${Date.now() + 5000} accept-by=${acceptBy} whole`)
  client.connection.publish(subjectOf('echo'), Uint8Array.of(1, 0x78), { reply: 'late.a', headers: mark })
  await client.connection.flush()
  await until(() => Date.now() > acceptBy + 50)
  await serving.drain()
  assert.equal(effects, 0)
  assert.deepEqual(
    messages.filter(({ data }) => data.length > 0).map(({ subject }) => subject),
    [],
    'nobody is told an answer',
  )
  watch.unsubscribe()
})

test('an accept goes out once, whoever asks for it', () => {
  let published = 0
  const acceptance = new Acceptance({ publish: () => published++, acceptBy: undefined, onLate: assert.fail })
  acceptance.now()
  acceptance.now()
  acceptance.spare()
  assert.equal(published, 1)
})

test('at most 64 accepts wait for the end of a turn', async () => {
  const late = new LateAccepts()
  let accepted = 0
  const defer = () => late.defer(() => accepted++)
  assert.ok(Array.from({ length: 64 }, defer).every((waits) => waits))
  assert.equal(defer(), false)
  late.spared()
  assert.equal(defer(), true)
  await until(() => accepted === 65)
  assert.equal(defer(), true)
})
