import assert from 'node:assert/strict'
import { after, mock, test } from 'node:test'
import { fromSystemTime, preciseNow, toSystemTime } from '../src/clock.ts'

/** Both clocks of the system, set by hand; as the one under test is the thread's, they go on from test to test. */
const system = { wall: performance.timeOrigin + 5000, monotonic: 5000 }
mock.method(Date, 'now', () => system.wall)
mock.method(performance, 'now', () => system.monotonic)
after(() => mock.reset())

function pass(ms: number, { slept = 0 } = {}): void {
  system.monotonic += ms
  system.wall += ms + slept
}

test('after a sleep of the system the clock is right within a second', () => {
  assert.equal(preciseNow(), system.wall)
  pass(1000, { slept: 3_600_000 })
  assert.equal(preciseNow(), system.wall)
  pass(10)
  assert.equal(preciseNow(), system.wall)
})

test('the clock looks at the one of the system once a second', () => {
  pass(1000)
  const before = preciseNow()
  pass(999, { slept: 3_600_000 })
  assert.equal(preciseNow(), before + 999)
  pass(1)
  assert.equal(preciseNow(), system.wall)
})

test('the clock never goes back, and leaves small steps alone', () => {
  pass(1000)
  const before = preciseNow()
  for (const slept of [-3_600_000, 3_600_000 + 900, -900]) {
    pass(1000, { slept })
    preciseNow()
  }
  assert.equal(preciseNow(), before + 3000)
})

for (const [what, slept] of [
  ['back by an hour', -3_600_000],
  ['on by less than a sleep', 900],
] as const) {
  test(`what others read is the time of the system, whose clock was set ${what} a moment ago`, () => {
    preciseNow()
    pass(10, { slept })
    assert.equal(toSystemTime(preciseNow() + 20), system.wall + 20)
    assert.equal(fromSystemTime(system.wall + 20), preciseNow() + 20)
    pass(600_000)
    assert.equal(fromSystemTime(system.wall + 20), preciseNow() + 20)
  })
}
