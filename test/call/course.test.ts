import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { CallCourse, type CallWatcher } from '../../src/call/course.ts'
import { sampleCall } from '../support/sample-call.ts'

type Told =
  | { readonly answer: unknown; readonly brokeOff: unknown; readonly now: number | undefined }
  | { readonly thrown: unknown; readonly now: number | undefined }

/** A call whose end is told to who watches it on both of its sides. */
function watched() {
  const call = sampleCall()
  const { course } = call
  const watcher = () => {
    const seen: Told[] = []
    const over: CallWatcher['over'] = ({ course: { ending, outcome, brokeOff, end: now } }) =>
      void seen.push(ending === 'answered' ? { answer: outcome, brokeOff, now } : { thrown: outcome, now })
    return { seen, over }
  }
  const [leaving, arriving] = [watcher(), watcher()]
  course.leaves(call, leaving)
  course.arrives(call, arriving)
  return { course, seen: leaving.seen, other: arriving.seen }
}

const withoutTime = (seen: readonly Told[]): unknown[] => seen.map(({ now: _, ...told }) => told)

test('all who watch a call hear of its end at the same moment, once', () => {
  const { course, seen, other } = watched()
  course.answered(7)
  course.failed(new Error('later'))
  course.answered(8)
  assert.deepEqual(withoutTime(seen), [{ answer: 7, brokeOff: undefined }])
  assert.deepEqual(other, seen)
  assert.equal(typeof seen[0]?.now, 'number')
})

test('a call that holds a body is over when that is', async () => {
  const { course, seen } = watched()
  const body = Promise.withResolvers<void>()
  course.hold(body.promise)
  course.answered(7)
  await Promise.resolve()
  assert.equal(seen.length, 0)
  body.reject(new Error('broke off'))
  await course.held
  assert.deepEqual(withoutTime(seen), [{ answer: 7, brokeOff: new Error('broke off') }])
})

test('a call that failed says so, whatever it holds', async () => {
  const { course, seen } = watched()
  course.hold(Promise.reject(new Error('body')))
  course.failed(new Error('call'))
  await course.held
  assert.deepEqual(withoutTime(seen), [{ thrown: new Error('call') }])
})

test('who answers may say that it tells the end', () => {
  const course = new CallCourse()
  assert.equal(course.isTold, false)
  course.willTell()
  assert.equal(course.isTold, true)
})

test('who waits for what a call holds is told when all of it has settled, of the first failure', async () => {
  const course = new CallCourse()
  const told: [what: string, failure: unknown][] = []
  course.afterHeld((failure) => told.push(['nothing held', failure]))
  const [one, other] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  course.hold(one.promise)
  course.afterHeld((failure) => told.push(['first', failure]))
  course.hold(other.promise)
  course.afterHeld((failure) => told.push(['second', failure]))
  one.reject('broke off')
  await one.promise.catch(() => {})
  assert.deepEqual([...told], [['nothing held', undefined]])
  other.reject('later')
  await course.held
  course.afterHeld((failure) => told.push(['late', failure]))
  assert.deepEqual(told.slice(1), [
    ['first', 'broke off'],
    ['second', 'broke off'],
    ['late', 'broke off'],
  ])
})

test('a call that failed is over when what it holds has settled', async () => {
  const { course, seen } = watched()
  const body = Promise.withResolvers<void>()
  course.hold(body.promise)
  course.failed(new Error('call'))
  await Promise.resolve()
  assert.equal(seen.length, 0)
  body.resolve()
  await course.held
  assert.equal(seen.length, 1)
})

test('who waits for what a call holds is told once, whatever it holds later', async () => {
  const course = new CallCourse()
  const told: unknown[] = []
  course.hold(Promise.resolve())
  course.afterHeld((failure) => told.push(failure))
  await course.held
  assert.notEqual(course.held, undefined)
  course.hold(Promise.resolve())
  await course.held
  assert.deepEqual(told, [undefined])
})

test('one that throws when it is told costs the others nothing', async () => {
  const course = new CallCourse()
  const warned = once(process, 'warning')
  const told: unknown[] = []
  course.hold(Promise.reject('broke off'))
  course.afterHeld(() => {
    throw new Error('a fault of who waits')
  })
  course.afterHeld((failure) => told.push(failure))
  await course.held
  assert.deepEqual(told, ['broke off'])
  assert.match(String(await warned), /a fault of who waits/)
})

test('what is recorded after a call is over is not its own any more', async () => {
  const timing = { name: 'queued', start: 1, end: 2 } as const
  const body = Promise.withResolvers<void>()
  const ends = [
    (course: CallCourse) => course.answered('yes'),
    (course: CallCourse) => course.failed('no'),
    async (course: CallCourse) => {
      course.hold(body.promise)
      course.answered('yes')
      course.record(timing)
      body.resolve()
      await course.held
    },
  ]
  const recorded: number[] = []
  for (const end of ends) {
    const { course } = watched()
    course.record(timing)
    await end(course)
    course.record(timing)
    recorded.push(course.timings.length)
  }
  assert.deepEqual(recorded, [1, 1, 2])
})
