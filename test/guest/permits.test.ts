import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WeftError } from '../../src/errors.ts'
import { countCalls, Permits, settlePermits, sharedPermits } from '../../src/guest/permits.ts'

const forever = new AbortController().signal

/** Two threads' views of the same permits, poking each other as the control thread has them do. */
function twoThreads(max: number): [Permits, Permits] {
  const shared = sharedPermits()
  const first: Permits = new Permits({
    shared,
    thread: 0,
    max,
    poke: () => queueMicrotask(() => second.poked()),
  })
  const second: Permits = new Permits({
    shared,
    thread: 1,
    max,
    poke: () => queueMicrotask(() => first.poked()),
  })
  return [first, second]
}

test('no more than max are given out over all threads', () => {
  const [first, second] = twoThreads(2)
  assert.deepEqual(
    [first.tryAcquire(), second.tryAcquire(), first.tryAcquire(), second.tryAcquire()],
    [true, true, false, false],
  )
  assert.equal(first.active, 2)
})

test('who waits longest is served first', async () => {
  const [permits] = twoThreads(1)
  await permits.acquire(forever)
  const order: number[] = []
  const waiting = [1, 2, 3].map((number) => permits.acquire(forever).then(() => order.push(number)))
  for (let at = 0; at < 3; at++) {
    permits.release()
    await waiting[at]
  }
  assert.deepEqual(order, [1, 2, 3])
})

test('a permit that comes free on one thread wakes a call on another', async () => {
  const [first, second] = twoThreads(1)
  await first.acquire(forever)
  const waiting = second.acquire(forever)
  first.release()
  await waiting
  assert.equal(second.active, 1)
})

test('a call that gives up leaves the queue and takes no permit', async () => {
  const [permits] = twoThreads(1)
  await permits.acquire(forever)
  const caller = new AbortController()
  const waiting = permits.acquire(caller.signal)
  caller.abort(new WeftError('deadline', 'too late'))
  await assert.rejects(waiting, { code: 'deadline' })
  permits.release()
  assert.equal(permits.active, 0)
  assert.equal(permits.tryAcquire(), true)
})

test('a higher max lets waiting calls go, a lower one takes effect as permits come back', async () => {
  const [permits] = twoThreads(1)
  await permits.acquire(forever)
  const waiting = permits.acquire(forever)
  permits.max = 2
  permits.poked()
  await waiting
  permits.max = 1
  permits.release()
  assert.equal(permits.tryAcquire(), false)
})

test('calls and traps are counted over all threads', () => {
  const shared = sharedPermits()
  const of = (thread: number) => new Permits({ shared, thread, max: 1, poke() {} })
  const [first, second] = [of(0), of(1)]
  first.tryAcquire()
  for (const permits of [first, second, second]) permits.countCall()
  second.countTrap()
  assert.deepEqual(countCalls(shared), { inFlight: 1, waiting: 0, calls: 3, traps: 1 })
})

test('what a lost thread had comes free, no more and no less', () => {
  const shared = sharedPermits()
  const of = (thread: number) => new Permits({ shared, thread, max: 3, poke() {} })
  const [first, second] = [of(0), of(1)]
  for (const permits of [first, second, second]) permits.tryAcquire()
  assert.equal(settlePermits(shared, 1), 2)
  assert.equal(first.active, 1)
  assert.equal(settlePermits(shared, 1), 0)
  first.release()
  assert.equal(first.active, 0)
})

test('who may wait longer than a timer takes is not turned away at once', async () => {
  const [permits] = twoThreads(1)
  permits.longestMs = 2 ** 31
  await permits.acquire(forever)
  const waiting = permits.acquire(forever)
  await new Promise((resolve) => setTimeout(resolve, 20))
  permits.release()
  await waiting
})
