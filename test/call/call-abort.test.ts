import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { CallAbort, offAbort, onAbort } from '../../src/call/call-abort.ts'

const kinds: readonly (readonly [string, () => Pick<AbortController, 'signal' | 'abort'>])[] = [
  ['of a call', () => new CallAbort()],
  ['of anybody else', () => new AbortController()],
]

for (const [whose, make] of kinds) {
  test(`who watches a signal ${whose} is told once`, () => {
    const abort = make()
    let told = 0
    onAbort(abort.signal, () => told++)
    abort.abort('first')
    abort.abort('second')
    assert.equal(told, 1)
    assert.equal(abort.signal.reason, 'first')
  })

  test(`who watches a signal ${whose} no more is not told`, () => {
    const abort = make()
    const seen: string[] = []
    const [early, late] = [() => seen.push('early'), () => seen.push('late')]
    onAbort(abort.signal, early)
    onAbort(abort.signal, late)
    offAbort(abort.signal, early)
    abort.abort('over')
    assert.deepEqual(seen, ['late'])
  })

  test(`who watches a signal ${whose} no more, because another one was told, is not told`, () => {
    const abort = make()
    const late = () => assert.fail('told')
    onAbort(abort.signal, () => offAbort(abort.signal, late))
    onAbort(abort.signal, late)
    abort.abort('over')
  })

  test(`who begins to watch a signal ${whose} while others are told is not told`, () => {
    const abort = make()
    onAbort(abort.signal, () => onAbort(abort.signal, () => assert.fail('told')))
    abort.abort('over')
  })

  test(`who watches a signal ${whose} that was aborted before is never told`, () => {
    const abort = make()
    abort.abort('over')
    onAbort(abort.signal, () => assert.fail('told'))
    abort.abort('again')
  })
}

test('the signal of a call is one like any other', () => {
  const abort = new CallAbort()
  const either = AbortSignal.any([abort.signal])
  let heard = false
  abort.signal.addEventListener('abort', () => {
    heard = true
  })
  abort.abort(new Error('gone'))
  assert.equal(heard, true)
  assert.equal(either.reason, abort.signal.reason)
})

test('one who throws when he is told keeps it from nobody else, and the process warns of it', async () => {
  const abort = new CallAbort()
  const warned = once(process, 'warning')
  let isTold = false
  onAbort(abort.signal, () => {
    throw new Error('a fault of a watcher')
  })
  onAbort(abort.signal, () => {
    isTold = true
  })
  abort.abort('over')
  assert.equal(isTold, true)
  assert.match(String(await warned), /a fault of a watcher/)
})
