import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Permits, sharedPermits } from '../../src/guest/permits.ts'
import { runWithPermit } from '../../src/host/run-with-permit.ts'
import { fakeServices } from '../support/guest.ts'
import { sampleCall } from '../support/sample-call.ts'

for (const [how, end] of [
  ['is answered', async () => 'answer'],
  ['fails', () => Promise.reject(new Error('no'))],
] as const) {
  test(`the permit of a call that ${how} comes free when what it holds has settled`, async () => {
    const permits = new Permits({ shared: sharedPermits(), thread: 0, max: 1, poke() {} })
    const body = Promise.withResolvers<void>()
    const call = sampleCall()
    const run = () => {
      call.course.hold(body.promise)
      return end()
    }
    assert.equal(permits.tryAcquire(), true)
    await runWithPermit({ permits, guest: { run }, services: fakeServices() }, call, undefined).catch(
      () => {},
    )
    assert.equal(permits.tryAcquire(), false)
    body.resolve()
    await call.course.held
    assert.equal(permits.tryAcquire(), true)
  })
}
