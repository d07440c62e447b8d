import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Msg, NatsConnection } from 'nats'
import type { Serving } from '../../src/wrpc/serve.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'
import { answerAll, bytesInChunks, bytesOf, connectPeer, keepIn, type Peer, subjectOf } from './peers.ts'

let nats: NatsServer
let peer: Peer
let plain: NatsConnection
let serving: Serving

before(async () => {
  nats = await startNats()
  peer = await connectPeer(nats.url)
  plain = (await connectPeer(nats.url)).connection
  serving = await peer.serve(answerAll, { defaultTimeoutMs: 1000 })
})

after(async () => {
  await serving?.drain()
  await peer?.connection.close()
  await plain?.close()
  await nats?.stop()
})

/** A caller that knows nothing of Weft: publishes, and notes all that comes back. */
async function foreignCall(name: string, first: string, inbox: string) {
  const messages: Msg[] = []
  const subscription = plain.subscribe(`${inbox}.>`, { callback: keepIn(messages) })
  const accept = plain.subscribe(inbox, {
    callback(_, message) {
      messages.unshift(message)
    },
  })
  plain.publish(subjectOf(name), Buffer.from(first, 'hex'), { reply: inbox })
  await until(() => messages[0]?.reply)
  const server = messages[0]?.reply ?? ''
  return {
    accept: messages[0],
    send: (tail: string, hex: string) => plain.publish(`${server}.${tail}`, Buffer.from(hex, 'hex')),
    /** What came on `results…`, joined, once the channel has ended. */
    async received(tail: string): Promise<string> {
      const of = () => messages.filter(({ subject }) => subject === `${inbox}.${tail}`)
      await until(() => of().some(({ data }) => data.length === 0), { what: `the end of ${tail}` })
      return Buffer.concat(of().map(({ data }) => data)).toString('hex')
    },
    headersOf: (tail: string) =>
      messages.filter(({ subject }) => subject === `${inbox}.${tail}`).map((message) => message.headers),
    stop() {
      subscription.unsubscribe()
      accept.unsubscribe()
    },
  }
}

/** A server that knows nothing of Weft: accepts each call and answers with `messages`, then tells what it got. */
function foreignServer(name: string, answers: readonly (readonly [tail: string, hex: string])[]) {
  const got: [tail: string, hex: string][] = []
  const inbox = `foreign.${name}`
  const params = plain.subscribe(`${inbox}.>`, {
    callback(_, { subject, data }) {
      got.push([subject.slice(inbox.length + 1), Buffer.from(data).toString('hex')])
    },
  })
  const calls = plain.subscribe(subjectOf(name).replace('.server.', '.foreign.'), {
    callback(_, message) {
      got.push(['', Buffer.from(message.data).toString('hex')])
      plain.publish(message.reply ?? '', undefined, { reply: inbox })
      for (const [tail, hex] of answers) plain.publish(`${message.reply}.${tail}`, Buffer.from(hex, 'hex'))
    },
  })
  return {
    got,
    stop() {
      params.unsubscribe()
      calls.unsubscribe()
    },
  }
}

test('a foreign caller gets an accept without our headers and the plain answer', async () => {
  const call = await foreignCall('echo', '0178', 'f.a')
  assert.equal(call.accept?.headers, undefined)
  assert.equal(await call.received('results'), '0178')
  call.send('params', '')
  call.stop()
})

test('params may come after the accept, cut at any byte', async () => {
  const call = await foreignCall('echo', '', 'f.b')
  for (const hex of ['03', '61', '6263', '']) call.send('params', hex)
  assert.equal(await call.received('results'), '03616263')
  call.stop()
})

test('streams may come byte by byte and end without an empty message', async () => {
  const call = await foreignCall('upload', '00', 'f.c')
  for (const hex of ['02', 'ff', 'ff', '01', 'ff']) call.send('params.0', hex)
  call.send('params', '')
  call.send('params.0', '00')
  assert.equal(await call.received('results'), '03')
  call.stop()
})

test('ends on the way to a stream are passed over', async () => {
  const call = await foreignCall('pipe', '0000', 'f.d')
  call.send('params', '')
  call.send('params.0', '')
  call.send('params.0.0', '026869')
  call.send('params.0.0', '00')
  call.send('params.0.0', '')
  call.send('params.0.1', '00')
  call.send('params.0.1', '')
  assert.equal(await call.received('results'), '000000')
  assert.equal(await call.received('results.0.0'), '02686900')
  assert.equal(await call.received('results.0.1'), '00')
  call.stop()
})

test('a foreign caller sees a failure as an end without data and without headers', async () => {
  const call = await foreignCall('echo', '02ff', 'f.e')
  call.send('params', '')
  assert.equal(await call.received('results'), '')
  assert.deepEqual(call.headersOf('results'), [undefined])
  call.stop()
})

test('a foreign caller that is refused sees the same', async () => {
  const full = await peer.serve(answerAll, { id: 'full', accept: () => false })
  const messages: Msg[] = []
  const watch = plain.subscribe('f.full.>', { callback: keepIn(messages) })
  plain.publish(subjectOf('echo').replace('.server.', '.full.'), Buffer.from('0178', 'hex'), {
    reply: 'f.full',
  })
  await until(() => messages.length === 1)
  assert.equal(messages[0]?.subject, 'f.full.results')
  assert.equal(messages[0]?.data.length, 0)
  watch.unsubscribe()
  await full.drain()
})

test('a foreign server gets the params, always their end, and never a cancel', async () => {
  const foreign = foreignServer('echo', [
    ['results', '0179'],
    ['results', ''],
  ])
  await plain.flush()
  assert.equal(await peer.call('echo', ['x'], { target: 'foreign' }), 'y')
  await until(() => foreign.got.length === 2)
  assert.deepEqual(foreign.got, [
    ['', '0178'],
    ['params', ''],
  ])
  foreign.stop()
})

test('a foreign server gets streams as chunks with an end, then the end of the channel', async () => {
  const foreign = foreignServer('upload', [])
  await plain.flush()
  const answer = peer.call('upload', [bytesInChunks(2)], { target: 'foreign', deadline: Date.now() + 400 })
  await until(() => foreign.got.length === 5)
  assert.deepEqual(foreign.got, [
    ['', '00'],
    ['params', ''],
    ['params.0', '020001'],
    ['params.0', '00'],
    ['params.0', ''],
  ])
  await assert.rejects(answer, { code: 'deadline' })
  foreign.stop()
})

test('the end of a stream that failed is still sent to a foreign server', async () => {
  async function* endless() {
    yield Uint8Array.of(1)
    await new Promise(() => {})
  }
  const foreign = foreignServer('upload', [])
  await plain.flush()
  const abort = new AbortController()
  const answer = peer.call('upload', [endless()], { target: 'foreign', signal: abort.signal })
  await until(() => foreign.got.some(([tail]) => tail === 'params.0'))
  abort.abort()
  await assert.rejects(answer, { code: 'cancelled' })
  await until(() => foreign.got.length === 4)
  assert.deepEqual(foreign.got.slice(2), [
    ['params.0', '0101'],
    ['params.0', ''],
  ])
  await until(() => peer.inbox.size === 0)
  foreign.stop()
})

test('a foreign server that accepts after the caller has gone gets the end of all params', async () => {
  const told: Msg[] = []
  const watch = plain.subscribe('late.>', { callback: keepIn(told) })
  const calls: Msg[] = []
  const late = plain.subscribe(subjectOf('upload').replace('.server.', '.late.'), { callback: keepIn(calls) })
  await plain.flush()
  const abort = new AbortController()
  const answer = peer.call('upload', [bytesInChunks(2)], { target: 'late', signal: abort.signal })
  await until(() => calls.length === 1)
  abort.abort()
  await assert.rejects(answer, { code: 'cancelled' })
  assert.equal(peer.inbox.size, 0)
  plain.publish(calls[0]?.reply ?? '', undefined, { reply: 'late.inbox' })
  await until(() => told.length === 2)
  assert.deepEqual(
    told.map(({ subject, data }) => [subject, data.length]),
    [
      ['late.inbox.params', 0],
      ['late.inbox.params.0', 0],
    ],
  )
  late.unsubscribe()
  watch.unsubscribe()
})

test('an answer that ends too soon, or is none, is unavailable', async () => {
  for (const [hex, says] of [
    ['', /the answer of foreign \(test:calls\/all@0.1.0.echo\): the peer ended the stream/],
    ['0561', /the peer ended the stream before the value was complete/],
    ['02c328', /expected UTF-8/],
  ] as const) {
    const answers = hex === '' ? [] : [['results', hex] as const]
    const foreign = foreignServer('echo', [...answers, ['results', '']])
    await plain.flush()
    await assert.rejects(peer.call('echo', ['x'], { target: 'foreign' }), {
      code: 'unavailable',
      message: says,
    })
    foreign.stop()
  }
  await until(() => peer.inbox.size === 0)
})

test('an accept without an inbox is unavailable', async () => {
  const calls = plain.subscribe(subjectOf('echo').replace('.server.', '.mute.'), {
    callback(_, message) {
      message.respond()
    },
  })
  await plain.flush()
  await assert.rejects(peer.call('echo', ['x'], { target: 'mute' }), {
    code: 'unavailable',
    message: /mute did not take the call .*: the answer names no inbox/,
  })
  calls.unsubscribe()
})

test('a target known as foreign gets each call once, however long it takes to accept', async () => {
  const foreign = foreignServer('echo', [
    ['results', '0179'],
    ['results', ''],
  ])
  await plain.flush()
  await peer.call('echo', ['x'], { target: 'foreign' })
  foreign.stop()
  const seen: Msg[] = []
  const slow = plain.subscribe(subjectOf('echo').replace('.server.', '.foreign.'), {
    callback: keepIn(seen),
  })
  await plain.flush()
  await assert.rejects(peer.call('echo', ['x'], { target: 'foreign', deadline: Date.now() + 1500 }), {
    code: 'deadline',
  })
  assert.equal(seen.length, 1)
  slow.unsubscribe()
})

test('garbage on invocation subjects and inboxes harms nobody else', async () => {
  const spied: Msg[] = []
  const spy = plain.subscribe('_INBOX.>', { callback: keepIn(spied) })
  await plain.flush()
  await peer.call('echo', ['x'])
  await until(() => spied.length > 0)
  const inbox = spied[0]?.subject.split('.').slice(0, 2).join('.')
  spy.unsubscribe()
  for (const name of ['echo', 'move', 'pipe', 'upload', 'numbers', 'later', 'nothing', 'bucket.get']) {
    for (let length = 0; length < 45; length += 3) {
      plain.publish(subjectOf(name), randomBytes(length), { reply: `junk.${length}` })
      plain.publish(subjectOf(name), randomBytes(length))
    }
  }
  const answers = Array.from({ length: 50 }, (_, index) => peer.call('echo', [`text ${index}`]))
  const download = peer.call('download', [500_000n]).then(bytesOf)
  for (const tail of ['', '.params', '.results', '.results.0.0.0', '.params.x', '.x', '.cancel', '.stop']) {
    for (const token of ['unknown', '0', '-']) {
      plain.publish(`${inbox}.${token}${tail}`, randomBytes(20), { reply: 'junk.r' })
      plain.publish(`${inbox}.${token}${tail}`)
    }
  }
  assert.deepEqual(
    await Promise.all(answers),
    Array.from({ length: 50 }, (_, index) => `text ${index}`),
  )
  assert.equal((await download).length, 500_000)
  assert.equal(await peer.call('echo', ['still here']), 'still here')
})

test('garbage sent to the inbox of a call fails that call alone', async () => {
  const silent = plain.subscribe(subjectOf('echo').replace('.server.', '.silent.'), {
    callback(_, { reply = '' }) {
      plain.publish(reply, undefined, { reply: 'silent.inbox' })
      for (const tail of ['.x', '.results.0.1.2', '.results']) {
        plain.publish(`${reply}${tail}`, Uint8Array.of(255, 255, 255, 255, 255, 255, 255))
      }
    },
  })
  await plain.flush()
  const answer = peer.call('echo', ['x'], { target: 'silent' })
  await assert.rejects(answer, { code: 'unavailable', message: /at most 32 bits/ })
  assert.equal(await peer.call('echo', ['x']), 'x')
  silent.unsubscribe()
})

test('garbage in a stream fails that call alone', async () => {
  const call = await foreignCall('numbers', '00', 'f.g')
  call.send('params', '')
  call.send('params.0', '02ffffffffffff')
  assert.equal(await call.received('results'), '00')
  assert.equal(await call.received('results.0'), '')
  assert.equal(await peer.call('echo', ['x']), 'x')
  call.stop()
})

test('a foreign caller that goes silent after the accept is not waited for', async () => {
  const serving = await peer.serve(answerAll, { id: 'patient', paramsIdleMs: 100, defaultTimeoutMs: 60_000 })
  const messages: Msg[] = []
  const watch = plain.subscribe('silent.>', { callback: keepIn(messages) })
  plain.publish(subjectOf('echo').replace('.server.', '.patient.'), Uint8Array.of(9, 0x78), {
    reply: 'silent.a',
  })
  await until(() => messages.some(({ subject }) => subject === 'silent.a.results'))
  await until(() => peer.inbox.size === 0)
  watch.unsubscribe()
  await serving.drain()
})
