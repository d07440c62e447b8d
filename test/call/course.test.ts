import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CallCourse, type CallEnding, type CallWatcher } from '../../src/call/course.ts'

function watcher() {
  const seen: { readonly end: CallEnding; readonly now: number }[] = []
  const one: CallWatcher = { next: undefined, over: (end, now) => void seen.push({ end, now }) }
  return { one, seen }
}

test('all who watch a call hear of its end at the same moment, once', () => {
  const course = new CallCourse()
  const [one, other] = [watcher(), watcher()]
  course.watch(one.one)
  course.watch(other.one)
  course.answered(7)
  course.failed(new Error('later'))
  course.answered(8)
  assert.deepEqual(
    one.seen.map(({ end }) => end),
    [{ kind: 'answer', answer: 7 }],
  )
  assert.deepEqual(other.seen, one.seen)
})

test('a call that holds a body is over when that is', async () => {
  const course = new CallCourse()
  const { one, seen } = watcher()
  const body = Promise.withResolvers<void>()
  course.watch(one)
  course.hold(body.promise)
  course.answered(7)
  await Promise.resolve()
  assert.equal(seen.length, 0)
  body.reject(new Error('broke off'))
  await course.held
  assert.deepEqual(
    seen.map(({ end }) => end),
    [{ kind: 'answer', answer: 7, brokeOff: new Error('broke off') }],
  )
})

test('a call that failed says so, whatever it holds', async () => {
  const course = new CallCourse()
  const { one, seen } = watcher()
  course.watch(one)
  course.hold(Promise.reject(new Error('body')))
  course.failed(new Error('call'))
  await course.held
  assert.deepEqual(
    seen.map(({ end }) => end),
    [{ kind: 'failure', thrown: new Error('call') }],
  )
})

test('who answers may say that it tells the end', () => {
  const course = new CallCourse()
  assert.equal(course.isTold, false)
  course.willTell()
  assert.equal(course.isTold, true)
})
