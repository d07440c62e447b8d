import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CallLimit, chain, type Invoke, type LimitedWithin } from '../../src/call/call.ts'
import { childOf } from '../../src/call/child.ts'
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

/** Begins a limited call that never ends by itself: what limits it, and what gives it up. */
function limited() {
  const caller = new AbortController()
  let limit: CallLimit | undefined
  const answer = chain([limitTime()], (call) => {
    limit = call.limit
    return never(call)
  })({ ...sampleCall(), signal: caller.signal })
  assert.ok(limit)
  return {
    limit,
    answer,
    giveUp: () => {
      caller.abort(new WeftError('cancelled', 'gone'))
      return assert.rejects(answer, { code: 'cancelled', message: 'gone' })
    },
  }
}

/** Calls by their names, which write down when they are given up. */
function watchedBy(limit: CallLimit, names: string) {
  const told: string[] = []
  const calls = new Map(
    names.split('').map((name) => {
      const call: LimitedWithin = {
        giveUp: (reason) => void told.push(`${name} ${WeftError.from(reason).code}`),
        outer: undefined,
        inner: undefined,
      }
      limit.watch(call)
      return [name, call]
    }),
  )
  const call = (name: string) => calls.get(name) ?? assert.fail(name)
  return { told, call, forget: (name: string) => limit.forget(call(name)) }
}

test('calls within one that is given up are given up, the innermost first, before its signal is aborted', async () => {
  const seen: string[] = []
  const caller = new AbortController()
  let told: readonly string[] = []
  const answer = chain([limitTime()], (call) => {
    assert.ok(call.limit)
    told = watchedBy(call.limit, 'abc').told
    const over = () => void seen.push(`over with ${told.length} told`)
    call.course.arrives(call, { over })
    call.signal.addEventListener('abort', () => seen.push(`aborted with ${told.length} told`))
    return never(call)
  })({ ...sampleCall(), signal: caller.signal })
  caller.abort(new WeftError('cancelled', 'gone'))
  await assert.rejects(answer, { code: 'cancelled' })
  assert.deepEqual(told, ['c cancelled', 'b cancelled', 'a cancelled'])
  assert.deepEqual(seen, ['over with 0 told', 'aborted with 3 told'])
})

test('calls within one whose time is over are given up with deadline', async () => {
  let told: readonly string[] = []
  const invoke = chain([limitTime()], (call) => {
    assert.equal(call.limit?.deadline, call.context.deadline)
    told = watchedBy(call.limit, 'ab').told
    return never(call)
  })
  await assert.rejects(invoke(sampleCall(soon())), { code: 'deadline' })
  assert.deepEqual(told, ['b deadline', 'a deadline'])
})

for (const [forgotten, left] of [
  ['a', 'dcb'],
  ['b', 'dca'],
  ['c', 'dba'],
  ['d', 'cba'],
  ['bc', 'da'],
  ['cb', 'da'],
  ['da', 'cb'],
  ['abcd', ''],
  ['dcba', ''],
] as const) {
  test(`of the calls a, b, c and d, those that are forgotten in the order ${forgotten} are not given up`, async () => {
    const { limit, giveUp } = limited()
    const { told, call, forget } = watchedBy(limit, 'abcd')
    for (const name of forgotten) forget(name)
    for (const name of forgotten) assert.equal(call(name).outer, undefined, `${name} keeps no other call`)
    await giveUp()
    assert.deepEqual(
      told,
      left.split('').map((name) => `${name} cancelled`),
    )
  })
}

test('a call that is forgotten twice, or was never watched, takes no other one with it', async () => {
  const { limit, giveUp } = limited()
  limit.forget({ giveUp: () => assert.fail('it was not watched'), outer: undefined, inner: undefined })
  const { told, forget } = watchedBy(limit, 'abc')
  limit.forget({ giveUp: () => assert.fail('it was not watched'), outer: undefined, inner: undefined })
  for (const name of 'bcb') forget(name)
  await giveUp()
  assert.deepEqual(told, ['a cancelled'])
  forget('a')
})

test('a call that is watched twice is given up once', async () => {
  const { limit, giveUp } = limited()
  const { told, call, forget } = watchedBy(limit, 'abc')
  for (const name of 'cab') limit.watch(call(name))
  forget('b')
  await giveUp()
  assert.deepEqual(told, ['c cancelled', 'a cancelled'])
})

test('a call that is forgotten and watched again is given up once', async () => {
  const { limit, giveUp } = limited()
  const { told, call, forget } = watchedBy(limit, 'abc')
  forget('a')
  limit.watch(call('a'))
  await giveUp()
  assert.deepEqual(told, ['a cancelled', 'c cancelled', 'b cancelled'])
})

test('a call that ends because another is given up is not given up itself', async () => {
  const { limit, giveUp } = limited()
  const { told, call, forget } = watchedBy(limit, 'abc')
  const { giveUp: tell } = call('c')
  call('c').giveUp = (reason) => {
    tell(reason)
    forget('c')
    forget('b')
  }
  await giveUp()
  assert.deepEqual(told, ['c cancelled', 'a cancelled'])
})

test('a call is not given up when what limits it gave up before', async () => {
  const { limit, giveUp } = limited()
  await giveUp()
  const { told, forget } = watchedBy(limit, 'a')
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(told, [])
  forget('a')
})

test('a call within another has the limit that ends it first', async () => {
  const limit = limitTime()
  const limits: (CallLimit | undefined)[] = []
  const keep = (earlierMs: number, next: Invoke): Invoke =>
    chain([limit], (call) => {
      limits.push(call.limit)
      const child = childOf(call, { target: 'next', operation: call.operation, args: [] })
      return next({ ...child, context: { ...child.context, deadline: child.context.deadline - earlierMs } })
    })
  const deepest = chain([limit], async (call) => void limits.push(call.limit))
  await keep(0, keep(1000, deepest))(sampleCall())
  const [first, second, third] = limits
  assert.ok(first && third)
  assert.equal(second, first)
  assert.equal(third.deadline, first.deadline - 1000)
})
