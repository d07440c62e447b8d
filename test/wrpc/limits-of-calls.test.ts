import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { headers, type Msg } from 'nats'
import type { Call } from '../../src/call/call.ts'
import { CallCourse } from '../../src/call/course.ts'
import { newSpanId, newTraceId } from '../../src/call/trace-context.ts'
import { preciseNow } from '../../src/clock.ts'
import { WeftError } from '../../src/errors.ts'
import { createLog } from '../../src/log.ts'
import { invokeOver } from '../../src/wrpc/invoke.ts'
import { LostHosts } from '../../src/wrpc/lost-hosts.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'
import { answerAll, bytesOf, callOf, connectPeer, elementsOf, keepIn, type Peer, subjectOf } from './peers.ts'
import { startServingProcess } from './serving-process.ts'

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

async function nothingIsLeft(): Promise<void> {
  await until(() => client.inbox.size === 0 && server.inbox.size === 0, { what: 'both inboxes are empty' })
}

/** Serves with a handler that notes its calls and ends when their signal aborts. */
async function serveUntilAborted() {
  const calls: Call[] = []
  const serving = await server.serve((call) => {
    calls.push(call)
    return new Promise((_, reject) => call.signal.addEventListener('abort', () => reject(call.signal.reason)))
  })
  return { calls, serving }
}

test('the handler sees who calls, under which trace, and until when', async () => {
  const calls: Call[] = []
  const serving = await server.serve(async (call) => {
    calls.push(call)
    return 'x'
  })
  const trace = { traceId: newTraceId(), spanId: newSpanId(), sampled: true, traceState: 'a=1,b=2' }
  const deadline = preciseNow() + 3000
  await client.call('echo', ['x'], { trace, baggage: 'user=é', linkName: 'main', deadline })
  const [call] = calls
  assert.equal(call?.source, 'client')
  assert.equal(call?.target, 'server')
  assert.equal(call?.operation.interface, 'test:calls/all@0.1.0')
  assert.equal(call?.operation.function.name, 'echo')
  const { deadline: until, ...others } = call?.context ?? assert.fail()
  assert.deepEqual(others, { trace, baggage: 'user=é', linkName: 'main' })
  // The wire has it in whole milliseconds, by the system's clock.
  assert.ok(Math.abs(until - deadline) < 5, `${until - deadline}`)
  await serving.drain()
})

test('a caller that sends no headers is served, under the default time', async () => {
  const calls: Call[] = []
  const serving = await server.serve(async (call) => {
    calls.push(call)
    return 'x'
  })
  const answers: Msg[] = []
  const inbox = 'plain.inbox'
  const watch = client.connection.subscribe(`${inbox}.>`, { callback: keepIn(answers) })
  client.connection.publish(subjectOf('echo'), Uint8Array.of(1, 0x78), { reply: inbox })
  await until(() => answers.length === 2)
  assert.equal(calls[0]?.source, '<unknown>')
  assert.equal(calls[0]?.context.linkName, 'default')
  assert.ok(Math.abs((calls[0]?.context.deadline ?? 0) - Date.now() - 5000) < 1000)
  assert.deepEqual(
    answers.map(({ subject, data }) => [subject, Buffer.from(data).toString('hex')]),
    [
      [`${inbox}.results`, '0178'],
      [`${inbox}.results`, ''],
    ],
  )
  assert.equal(answers[1]?.headers, undefined)
  watch.unsubscribe()
  await serving.drain()
})

test('the deadline ends a call on both sides', async () => {
  const { calls, serving } = await serveUntilAborted()
  const start = Date.now()
  await assert.rejects(client.call('echo', ['x'], { deadline: start + 150 }), {
    code: 'deadline',
    message: /(server did not answer before the deadline|did not end before the caller's deadline)/,
  })
  assert.ok(Date.now() - start < 1000)
  await until(() => calls[0]?.signal.aborted)
  await nothingIsLeft()
  await serving.drain()
})

test('a deadline that has passed is not even sent', async () => {
  await assert.rejects(client.call('echo', ['x'], { deadline: Date.now() - 1 }), { code: 'deadline' })
  await nothingIsLeft()
})

test("a caller that gives up aborts the server's signal", async () => {
  const { calls, serving } = await serveUntilAborted()
  const abort = new AbortController()
  const answer = client.call('echo', ['x'], { signal: abort.signal })
  await until(() => calls.length === 1)
  assert.equal(calls[0]?.signal.aborted, false)
  abort.abort()
  await assert.rejects(answer, { code: 'cancelled' })
  await until(() => calls[0]?.signal.aborted)
  assert.equal(calls[0]?.signal.reason.code, 'cancelled')
  await nothingIsLeft()
  await serving.drain()
})

test('a signal that has aborted already ends the call before it is sent', async () => {
  const { calls, serving } = await serveUntilAborted()
  await assert.rejects(client.call('echo', ['x'], { signal: AbortSignal.abort() }), { code: 'cancelled' })
  await serving.drain()
  assert.equal(calls.length, 0)
  await nothingIsLeft()
})

test('giving up ends the streams of a result, too', async () => {
  let ended = false
  async function* endless() {
    try {
      for (let count = 0; ; count++) {
        yield [count]
        await new Promise((resolve) => setImmediate(resolve))
      }
    } finally {
      ended = true
    }
  }
  const serving = await server.serve(async () => endless())
  const abort = new AbortController()
  const course = new CallCourse()
  async function* none() {}
  const stream = await client.call('numbers', [none()], { signal: abort.signal, course })
  const reading = elementsOf(stream)
  abort.abort()
  await assert.rejects(reading, { code: 'cancelled' })
  await until(() => ended, { what: 'the server stops making the stream' })
  await nothingIsLeft()
  await serving.drain()
})

test('a drained server finishes what is under way, streams included, and takes no more', async () => {
  const go = Promise.withResolvers<void>()
  const seen: string[] = []
  const serving = await server.serve(async (call) => {
    seen.push(call.operation.function.name)
    await go.promise
    return answerAll(call)
  })
  const echo = client.call('echo', ['x'])
  const download = client.call('download', [2_000_000n])
  await until(() => seen.length === 2)
  let drained = false
  const draining = serving.drain().then(() => {
    drained = true
  })
  await until(async () => {
    const refused = await client.call('echo', ['y'], { deadline: Date.now() + 200 }).catch(WeftError.from)
    return refused instanceof WeftError && refused.code === 'not_found'
  })
  assert.equal(drained, false)
  go.resolve()
  assert.equal(await echo, 'x')
  assert.equal((await bytesOf(await download)).length, 2_000_000)
  await draining
  await nothingIsLeft()
})

test('a message that is read after its accept-by is dropped', async () => {
  const calls: Call[] = []
  const serving = await server.serve(async (call) => {
    calls.push(call)
    return 'x'
  })
  const stale = headers()
  stale.set('weft-peer', `1 accept-by=${Date.now() - 1}`)
  const answers: Msg[] = []
  const watch = client.connection.subscribe('stale.>', { callback: keepIn(answers) })
  client.connection.publish(subjectOf('echo'), Uint8Array.of(1, 0x78), {
    reply: 'stale.inbox',
    headers: stale,
  })
  assert.equal(await client.call('echo', ['x']), 'x')
  assert.equal(calls.length, 1)
  assert.equal(answers.length, 0)
  watch.unsubscribe()
  await serving.drain()
})

test('a call that nobody accepts in time is sent once more, with an address of its own', async () => {
  const seen: Msg[] = []
  const frozen = server.connection.subscribe(subjectOf('echo'), {
    callback: keepIn(seen),
  })
  await server.connection.flush()
  const answer = client.call('echo', ['x'])
  await until(() => seen.length === 1)
  frozen.unsubscribe()
  const serving = await server.serve(answerAll)
  assert.equal(await answer, 'x')
  assert.equal(seen.length, 1)
  await nothingIsLeft()
  await serving.drain()
})

test('a call to a target of unknown kind that nobody accepts twice is unavailable', async () => {
  const client = await connectPeer(nats.url)
  const seen: Msg[] = []
  const frozen = server.connection.subscribe(subjectOf('echo'), {
    callback: keepIn(seen),
  })
  await server.connection.flush()
  await assert.rejects(client.call('echo', ['x']), {
    code: 'unavailable',
    message: /server did not accept the call within 2\d\d\d ms/,
  })
  assert.equal(seen.length, 2)
  assert.notEqual(seen[0]?.reply, seen[1]?.reply)
  assert.equal(client.inbox.size, 0)

  const told: Msg[] = []
  const watch = server.connection.subscribe('late.>', {
    callback: keepIn(told),
  })
  await server.connection.flush()
  const mark = headers()
  mark.set('weft-peer', '1')
  server.connection.publish(seen[0]?.reply ?? '', undefined, { reply: 'late.inbox', headers: mark })
  await until(() => told.length === 2, { what: 'a late accept is answered with the end' })
  assert.deepEqual(
    told.map(({ subject }) => subject),
    ['late.inbox.params', 'late.inbox.cancel'],
  )
  watch.unsubscribe()
  frozen.unsubscribe()
  await client.connection.close()
})

test('a frozen server does not run, once it thaws, what came while it was frozen', async () => {
  const frozen = await startServingProcess(nats.url, 'frozen')
  assert.equal(await client.call('echo', ['before'], { target: 'frozen' }), 'before')
  frozen.process.kill('SIGSTOP')
  const deadline = Date.now() + 2_500
  const inTime = { target: 'frozen', deadline }
  await assert.rejects(client.call('echo', ['meanwhile'], inTime), { code: 'deadline' })
  const patient = client.call('echo', ['patient'], { target: 'frozen', deadline: Date.now() + 20_000 })
  await until(() => Date.now() > deadline + 1_500)
  frozen.process.kill('SIGCONT')
  assert.equal(await patient, 'patient', 'known to be Weft, it is asked again and again')
  assert.equal(await client.call('echo', ['after'], { target: 'frozen' }), 'after')
  assert.deepEqual(await frozen.stop(), ['before', 'patient', 'after'])
  await nothingIsLeft()
})

test('what a server had taken before it stood still for seconds has no effect after', async () => {
  const frozen = await startServingProcess(nats.url, 'frozen')
  assert.equal(await client.call('echo', ['before'], { target: 'frozen' }), 'before')
  const slow = client.call('echo', ['slow'], { target: 'frozen', deadline: Date.now() + 20_000 })
  const ended = assert.rejects(slow, { code: 'cancelled', message: /this host stood still for \d/ })
  await delay(250)
  frozen.process.kill('SIGSTOP')
  await delay(2_800)
  frozen.process.kill('SIGCONT')
  await ended
  assert.deepEqual(await frozen.stop(), ['before', 'slow'])
  await nothingIsLeft()
})

test('while a lost host may still get calls, nobody waits long for it', async () => {
  const lostHosts = new LostHosts()
  const invoke = invokeOver({
    connection: client.connection,
    inbox: client.inbox,
    lattice: 'test',
    log: createLog(() => {}),
    lostHosts,
  })
  const [frozen, well] = [
    await startServingProcess(nats.url, 'twice'),
    await server.serve(answerAll, { id: 'twice' }),
  ]
  const call = () => invoke(callOf('echo', ['x'], { target: 'twice' }))
  await call()
  frozen.process.kill('SIGSTOP')
  lostHosts.lost('somebody')
  try {
    const start = performance.now()
    for (let number = 0; number < 6; number++) assert.equal(await call(), 'x')
    assert.ok(performance.now() - start < 6_000, 'one in two goes to the frozen one first, each for a moment')
  } finally {
    frozen.process.kill('SIGCONT')
    await frozen.stop()
    await well.drain()
  }
  await nothingIsLeft()
})

test('a server that takes no more calls sends a Weft caller elsewhere at once', async () => {
  let refused = 0
  const full = await server.serve(answerAll, {
    accept: () => {
      refused++
      return false
    },
  })
  const start = Date.now()
  await assert.rejects(client.call('echo', ['x']), {
    code: 'exhausted',
    message: 'server takes no more calls here',
  })
  assert.ok(Date.now() - start < 900)
  assert.equal(refused, 2)
  await full.drain()
  await nothingIsLeft()
})

test('calls end as unavailable when the connection closes', async () => {
  const { calls, serving } = await serveUntilAborted()
  const other = await connectPeer(nats.url)
  const answer = other.call('echo', ['x'])
  await until(() => calls.length === 1)
  await other.connection.close()
  await assert.rejects(answer, { code: 'unavailable' })
  await assert.rejects(other.call('echo', ['x']), { code: 'unavailable' })
  assert.equal(other.inbox.size, 0)
  server.inbox.close()
  await serving.drain()
  assert.equal(server.inbox.size, 0)
})
