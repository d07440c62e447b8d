import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Settlement } from '../../src/component/settlement.ts'

test('who asks before and who asks after learn the same', async () => {
  const end = new Settlement<string>()
  const before = end.promise
  end.resolve('done')
  assert.equal(await before, 'done')
  assert.equal(await end.promise, 'done')
})

test('the first outcome counts', async () => {
  const failed = new Settlement<string>()
  failed.reject(new Error('first'))
  failed.resolve('second')
  await assert.rejects(failed.promise, { message: 'first' })
  const asked = new Settlement<string>()
  const answer = asked.promise
  asked.resolve('first')
  asked.reject(new Error('second'))
  assert.equal(await answer, 'first')
})
