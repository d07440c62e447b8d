import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inOrder } from '../../src/host/in-order.ts'

test('work of one key runs one after the other, other keys side by side', async () => {
  const queue = inOrder()
  const seen: string[] = []
  const gate = Promise.withResolvers<void>()
  void queue.add('a', async () => {
    await gate.promise
    seen.push('a1')
  })
  const last = queue.add('a', async () => void seen.push('a2'))
  await queue.add('b', async () => void seen.push('b1'))
  assert.deepEqual(seen, ['b1'])
  gate.resolve()
  await last
  assert.deepEqual(seen, ['b1', 'a1', 'a2'])
})

test('a failure is told to who asked, and the next piece runs', async () => {
  const queue = inOrder()
  const failed = queue.add('a', () => Promise.reject(new Error('no')))
  const next = queue.add('a', async () => {})
  await assert.rejects(failed, /no/)
  await next
})
