import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { WeftError } from '../../src/errors.ts'
import { OffencePauses } from '../../src/host/offence-pauses.ts'
import { sampleCall } from '../support/sample-call.ts'

describe('pauses for offences', () => {
  test('add up, to a second at most', () => {
    const pauses = new OffencePauses()
    assert.equal(pauses.left(1000), 0)
    pauses.offended(1000)
    pauses.offended(1000)
    assert.equal(pauses.left(1000), 40)
    assert.equal(pauses.left(1030), 10)
    for (let offence = 0; offence < 1000; offence++) pauses.offended(1030)
    assert.equal(pauses.left(1030), 1000)
  })

  test('let those that wait begin one by one while they offend', async () => {
    const pauses = new OffencePauses()
    const start = performance.now()
    pauses.offended()
    const begun: number[] = []
    await Promise.all(
      Array.from({ length: 5 }, async () => {
        await pauses.before(sampleCall())
        begun.push(performance.now() - start)
        pauses.offended()
      }),
    )
    for (const [index, at] of begun.entries())
      assert.ok(at >= (index + 1) * 20 - 2, `call ${index} began after ${at} ms`)
    assert.ok(pauses.before(sampleCall()))
  })

  test('hold up no call when there was none', () => {
    assert.equal(new OffencePauses().before(sampleCall()), undefined)
  })

  test('end with the call that waits', async () => {
    const pauses = new OffencePauses()
    for (let offence = 0; offence < 100; offence++) pauses.offended()
    const caller = new AbortController()
    const waiting = pauses.before({ ...sampleCall(), signal: caller.signal })
    caller.abort(new WeftError('cancelled', 'gone'))
    await assert.rejects(async () => waiting, { code: 'cancelled' })
  })
})
