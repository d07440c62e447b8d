import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WeftError } from '../../src/errors.ts'
import { Wakes } from '../../src/lattice/wakes.ts'

const notFound = new WeftError('not_found', 'nothing serves hello')

function openWakes(): { readonly wakes: Wakes; readonly asked: string[] } {
  const asked: string[] = []
  return { wakes: new Wakes((target) => asked.push(target)), asked }
}

test('calls to one target share a question, and go on when it runs', async () => {
  const { wakes, asked } = openWakes()
  const calls = [wakes.wait('hello', notFound), wakes.wait('hello', notFound), wakes.wait('other', notFound)]
  assert.deepEqual(asked, ['hello', 'other'])
  wakes.answered('hello', { state: 'running' })
  wakes.answered('other', { state: 'starting' })
  await Promise.all(calls)
  void wakes.wait('hello', notFound)
  assert.deepEqual(asked, ['hello', 'other', 'hello'])
})

test('what is stopped is not found, and not asked for again at once', async () => {
  const { wakes, asked } = openWakes()
  const call = wakes.wait('hello', notFound)
  wakes.answered('hello', { state: 'stopped' })
  await assert.rejects(call, notFound)
  await assert.rejects(wakes.wait('hello', notFound), notFound)
  assert.deepEqual(asked, ['hello'])
})

test('what can not be started is unavailable, with the reason', async () => {
  const { wakes } = openWakes()
  const call = wakes.wait('hello', notFound)
  wakes.answered('hello', { state: 'failing', reason: '0 hosts match zone=eu' })
  await assert.rejects(call, {
    code: 'unavailable',
    message: 'hello runs nowhere: 0 hosts match zone=eu',
  })
})
