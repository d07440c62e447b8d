import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { NatsConnection } from 'nats'
import { connectNats } from '../../src/lattice/connect.ts'
import { requestTraces, serveTraces, type TraceKeeper } from '../../src/lattice/trace-requests.ts'
import { createLog } from '../../src/log.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'

let nats: NatsServer
let keeping: NatsConnection
let connection: NatsConnection
before(async () => {
  nats = await startNats()
  keeping = await connectNats({ url: nats.url, name: 'keeper' })
  connection = await connectNats({ url: nats.url, name: 'asker' })
})
after(async () => {
  await connection.close()
  await keeping.close()
  await nats.stop()
})

const log = createLog(() => undefined)
const nothing: TraceKeeper = { list: () => [], find: () => [] }

/** Serves traces of a lattice of its own, asks once, and stops. */
async function ask(keeper: Partial<TraceKeeper>, request: Parameters<typeof requestTraces>[0]['request']) {
  const lattice = `traces-${Math.random().toString(36).slice(2)}`
  const served = serveTraces({ connection: keeping, lattice, log, keeper: { ...nothing, ...keeper } })
  await keeping.flush()
  try {
    return await requestTraces({ connection, lattice, request })
  } finally {
    served.stop()
  }
}

test('the keeper is asked what was asked, fractions of a millisecond included', async () => {
  const request = { component: 'hello', errors: true, minDurationMs: 1500.5, limit: 3 }
  const asked: unknown[] = []
  const list = (given: unknown) => {
    asked.push(given)
    return ['a', 'b']
  }
  assert.deepEqual(await ask({ list }, request), { items: ['a', 'b'], ids: [] })
  assert.deepEqual(asked, [request])
})

test('one trace that fits the id gives its spans, several give only their ids', async () => {
  const one = { id: 'ab12', spans: [{ name: 'x' }] }
  assert.deepEqual(await ask({ find: () => [one] }, { id: 'ab' }), { items: one.spans, ids: ['ab12'] })
  const two = [one, { id: 'ab34', spans: [{}] }]
  assert.deepEqual(await ask({ find: () => two }, { id: 'ab' }), { items: [], ids: ['ab12', 'ab34'] })
  assert.deepEqual(await ask({}, { id: 'ab' }), { items: [], ids: [] })
})

test('an answer far above max_payload arrives whole and in order', async () => {
  const spans = Array.from({ length: 3000 }, (_, at) => ({ at, text: 'x'.repeat(2000) }))
  const { items } = await ask({ find: () => [{ id: 'ab', spans }] }, { id: 'ab' })
  assert.deepEqual(items, spans)
})

test('nobody keeps traces: unavailable at once, with who would', async () => {
  await assert.rejects(requestTraces({ connection, lattice: 'nobody', request: {} }), {
    code: 'unavailable',
    message: /nobody keeps the traces of lattice nobody: the `weft up` that starts a lattice keeps/,
  })
})

test('what the keeper cannot answer comes back as an error with its words', async () => {
  const list = () => {
    throw new Error('the store is on fire')
  }
  await assert.rejects(ask({ list }, {}), { code: 'invalid', message: 'the store is on fire' })
  await assert.rejects(ask({}, { limit: -1 }), { code: 'invalid', message: /limit: expected a whole number/ })
  await assert.rejects(ask({}, { minDurationMs: -1 }), {
    code: 'invalid',
    message: /minDurationMs: expected/,
  })
})

test('a keeper that says nothing is a deadline, not a wait for ever', async () => {
  const silent = keeping.subscribe('weft.traces.silent', { callback: () => {} })
  await keeping.flush()
  await assert.rejects(requestTraces({ connection, lattice: 'silent', request: {} }), {
    code: 'deadline',
    message: /lattice silent said nothing for 3000 ms/,
  })
  silent.unsubscribe()
})
