import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chain, type Invoke } from '../../src/call/call.ts'
import { limitTime } from '../../src/call/limit-time.ts'
import { WeftError } from '../../src/errors.ts'
import { sampleCall } from '../support/sample-call.ts'

const never: Invoke = () => new Promise(() => {})
const soon = () => ({ context: { deadline: Date.now() + 30 } })

test('a call that ends in time gives its answer', async () => {
  assert.equal(await chain([limitTime()], async () => 'answer')(sampleCall()), 'answer')
})

test('a call past its deadline is not begun', async () => {
  let begun = false
  const invoke = chain([limitTime()], async () => {
    begun = true
  })
  await assert.rejects(invoke(sampleCall({ context: { deadline: Date.now() - 1 } })), { code: 'deadline' })
  assert.equal(begun, false)
})

test('a call that takes too long fails with deadline, and its work sees the abort', async () => {
  let seen: AbortSignal | undefined
  const invoke = chain([limitTime()], (call) => {
    seen = call.signal
    return never(call)
  })
  await assert.rejects(invoke(sampleCall(soon())), {
    code: 'deadline',
    message: /greet of callee did not finish/,
  })
  assert.equal(WeftError.from(seen?.reason).code, 'deadline')
})

test('a caller that gives up ends the call with its reason', async () => {
  const caller = new AbortController()
  const answer = chain([limitTime()], never)({ ...sampleCall(), signal: caller.signal })
  caller.abort(new WeftError('cancelled', 'gone'))
  await assert.rejects(answer, { code: 'cancelled', message: 'gone' })
})

test('the deadline stays armed while the call holds a body', async () => {
  const aborted = Promise.withResolvers<unknown>()
  const invoke = chain([limitTime()], async (call) => {
    call.course.hold(new Promise(() => {}))
    call.signal.addEventListener('abort', () => aborted.resolve(call.signal.reason))
    return 'head'
  })
  assert.equal(await invoke(sampleCall(soon())), 'head')
  assert.equal(WeftError.from(await aborted.promise).code, 'deadline')
})
