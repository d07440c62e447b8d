import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Call, chain, entering, type Interceptor } from '../../src/call/call.ts'
import { childOf } from '../../src/call/child.ts'
import { CallCourse } from '../../src/call/course.ts'
import { sampleCall } from '../support/sample-call.ts'

test('the first interceptor is the outermost', async () => {
  const seen: string[] = []
  const named =
    (name: string): Interceptor =>
    (next) =>
    async (call) => {
      seen.push(`${name} in`)
      const answer = await next(call)
      seen.push(`${name} out`)
      return answer
    }
  await chain([named('a'), named('b')], async () => seen.push('call'))(sampleCall())
  assert.deepEqual(seen, ['a in', 'b in', 'call', 'b out', 'a out'])
})

test('each call that enters goes on where it is to, behind the same interceptors', async () => {
  const seen: string[] = []
  const enter = entering([
    (next) => {
      seen.push('put together')
      return (call) => {
        seen.push(`to ${call.target}`)
        return next({ ...call, target: `${call.target}!` })
      }
    },
  ])
  const onTo = (name: string) => async (call: Call) => `${name} ${call.target}`
  const both = [
    enter(sampleCall({ target: 'a' }), onTo('one')),
    enter(sampleCall({ target: 'b' }), onTo('other')),
  ]
  assert.deepEqual(await Promise.all(both), ['one a!', 'other b!'])
  assert.deepEqual(seen, ['put together', 'to a', 'to b'])
})

test('what goes past the way of a call that enters fails', async () => {
  const enter = entering([(next) => () => next(sampleCall())])
  await assert.rejects(
    enter(sampleCall(), async () => {}),
    { code: 'internal', message: /goes nowhere/ },
  )
})

test('a child call carries trace, baggage, deadline and signal on, from the parent’s target', () => {
  const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true, traceState: '' }
  const parent = sampleCall({ target: 'hello', context: { trace, baggage: 'user=1', deadline: 123 } })
  const child = childOf(parent, { target: 'kv', operation: parent.operation, args: [1], linkName: 'cache' })
  assert.equal(child.source, 'hello')
  assert.equal(child.target, 'kv')
  assert.deepEqual(child.context, { trace, baggage: 'user=1', deadline: 123, linkName: 'cache' })
  assert.equal(child.signal, parent.signal)
  assert.notEqual(child.course, parent.course)
})

test('a course without held work has nothing to wait for', () => {
  assert.equal(new CallCourse().held, undefined)
})

test('held work that fails tells its reason', async () => {
  const course = new CallCourse()
  course.hold(Promise.resolve())
  course.hold(Promise.reject(new Error('cut off')))
  assert.match(String(await course.held), /cut off/)
})
