import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import { monotonicClock } from '../../../src/guest/wasi-0-2/clocks.ts'
import { Pollable, poll } from '../../../src/guest/wasi-0-2/pollable.ts'
import { Bell } from '../../../src/guest/wasi-0-2/readiness.ts'

interface Clock {
  now(): bigint
  subscribeDuration(duration: bigint): Pollable
  subscribeInstant(when: bigint): Pollable
}

class Switch extends Bell {
  on = false
  isReady(): boolean {
    return this.on
  }
  turnOn(): void {
    this.on = true
    this.ring()
  }
}

describe('poll', () => {
  const setUp = () => {
    const abort = new AbortController()
    const clock = monotonicClock({ signal: abort.signal }) as Clock
    const lever = new Switch()
    return { abort, clock, lever, pollable: new Pollable(lever, abort.signal) }
  }

  it('traps on an empty list', () => {
    assert.throws(() => poll([]), /the list is empty/)
  })

  it('answers at once with all that are ready', () => {
    const { clock, pollable } = setUp()
    const past = () => clock.subscribeInstant(clock.now() - 1n)
    assert.deepEqual(poll([past(), pollable, past()]), [0, 2])
  })

  it('waits for the first and leaves no timer and no listener behind', async () => {
    const { abort, clock, lever, pollable } = setUp()
    const far = clock.subscribeDuration(3_600_000_000_000n)
    const ready = poll([far, pollable])
    assert.ok(ready instanceof Promise)
    lever.turnOn()
    assert.deepEqual(await ready, [1])
    assert.equal(getEventListeners(abort.signal, 'abort').length, 0)
    assert.equal(process.getActiveResourcesInfo().includes('Timeout'), false)
  })

  it('a timer is never early', async () => {
    const { clock } = setUp()
    for (const duration of [0n, 100_000n, 3_000_000n, 7_700_000n]) {
      const start = clock.now()
      const pollable = clock.subscribeDuration(duration)
      await pollable.block()
      assert.equal(pollable.ready(), true)
      assert.ok(clock.now() - start >= duration)
    }
  })

  it('ends with the abort reason, even when the reason is no error', async () => {
    const { abort, clock, pollable } = setUp()
    const blocked = Promise.resolve(pollable.block())
    const polled = Promise.resolve(poll([pollable, clock.subscribeDuration(2n ** 63n)]))
    abort.abort('enough')
    await assert.rejects(blocked, { message: 'enough' })
    await assert.rejects(polled, { message: 'enough' })
    assert.throws(() => pollable.block(), { message: 'enough' })
  })
})
