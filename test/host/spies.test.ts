import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { Call, Invoke } from '../../src/call/call.ts'
import { WeftError } from '../../src/errors.ts'
import { briefValue } from '../../src/host/brief-value.ts'
import { type SpiedBatch, Spies } from '../../src/host/spies.ts'
import { sampleCall } from '../support/sample-call.ts'
import { until } from '../support/until.ts'

let batches: SpiedBatch[] = []
let spies = new Spies((batch) => batches.push(batch))
afterEach(() => {
  spies.stop()
  batches = []
  spies = new Spies((batch) => batches.push(batch))
})

const spy = (more: object = {}) => ({
  id: 's',
  target: 'greeter',
  args: true,
  sample: 1,
  forMs: 5_000,
  ...more,
})
const answer: Invoke = async () => 'done'
const run = (call: Call, next = answer) => spies.interceptor(next)(call)
const calls = () => batches.flatMap((batch) => batch.calls)

test('a call to the target is told when it is over, with its arguments; others are not', async () => {
  spies.put(spy())
  const call = sampleCall({ target: 'greeter' })
  assert.equal(await run(call), 'done')
  await run(sampleCall({ target: 'another' }))
  const [seen] = await until(() => (calls().length > 0 ? calls() : undefined))
  assert.equal(calls().length, 1)
  assert.equal(seen?.source, call.source)
  assert.equal(seen?.outcome, 'ok')
  assert.equal(seen?.traceId, call.context.trace?.traceId ?? '')
  assert.doesNotThrow(() => JSON.parse(seen?.args ?? ''))
})

test('arguments are told to those alone who asked for them', async () => {
  spies.put(spy({ id: 'a' }))
  spies.put(spy({ id: 'b', args: false }))
  await run(sampleCall({ target: 'greeter' }))
  await until(() => batches.length === 2)
  const argsFor = (id: string) => batches.find((batch) => batch.spy === id)?.calls[0]?.args
  assert.notEqual(argsFor('a'), '')
  assert.equal(argsFor('b'), '')
})

test('a failure passes through, and is told with its code', async () => {
  spies.put(spy())
  const failing: Invoke = () => Promise.reject(new WeftError('trapped', 'unreachable'))
  await assert.rejects(run(sampleCall({ target: 'greeter' }), failing), { code: 'trapped' })
  const [seen] = await until(() => (calls().length > 0 ? calls() : undefined))
  assert.deepEqual([seen?.outcome, seen?.error], ['trapped', 'unreachable'])
})

test('a call whose answer streams is told when the stream has ended', async () => {
  spies.put(spy())
  const body = Promise.withResolvers<void>()
  const streaming: Invoke = async (call) => call.course.hold(body.promise)
  await run(sampleCall({ target: 'greeter' }), streaming)
  assert.equal(calls().length, 0)
  body.resolve()
  await until(() => calls().length === 1)
})

test('a stream that breaks off is told as a failure', async () => {
  spies.put(spy())
  const broken = Promise.reject(new WeftError('cancelled', 'gone'))
  await run(sampleCall({ target: 'greeter' }), async (call) => call.course.hold(broken))
  const [seen] = await until(() => (calls().length > 0 ? calls() : undefined))
  assert.deepEqual([seen?.outcome, seen?.error], ['cancelled', 'gone'])
})

test('more calls than may be told in a second are counted', async () => {
  spies.put(spy())
  for (let count = 0; count < 250; count++) await run(sampleCall({ target: 'greeter' }))
  await until(() => batches.reduce((sum, { calls: some, missed }) => sum + some.length + missed, 0) === 250)
  assert.ok(batches.some(({ missed }) => missed > 0))
  assert.ok(calls().length <= 200)
})

test('a spy ends when it says so, or is not renewed', async () => {
  spies.put(spy())
  spies.put(spy({ forMs: 0 }))
  const next: Invoke = async () => 1
  assert.equal(await run(sampleCall({ target: 'greeter' }), next), 1)
  spies.put(spy({ forMs: 150 }))
  await until(async () => {
    const before = calls().length
    await run(sampleCall({ target: 'greeter' }))
    await new Promise((resolve) => setTimeout(resolve, 250))
    return calls().length === before
  })
})

test('values are shown short, whatever they are', () => {
  assert.equal(briefValue(18446744073709551615n), '18446744073709551615')
  assert.equal(briefValue(undefined), null)
  assert.equal(briefValue('x'.repeat(300)), `${'x'.repeat(200)}… (300)`)
  assert.deepEqual(briefValue(Uint8Array.of(1, 2)), [1, 2])
  assert.equal(briefValue(new Uint8Array(1000)), '(1000 bytes)')
  assert.equal(briefValue(Promise.resolve()), '(future)')
  assert.equal(briefValue((async function* () {})()), '(stream)')
  assert.deepEqual(briefValue({ tag: 'ok', val: [{ a: 1n }] }), { tag: 'ok', val: [{ a: '1' }] })
  assert.deepEqual((briefValue(Array.from({ length: 100 }, () => 0)) as unknown[]).length, 33)
  const deep = { a: { a: { a: { a: { a: { a: { a: 1 } } } } } } }
  assert.match(JSON.stringify(briefValue(deep)), /…/)
})
