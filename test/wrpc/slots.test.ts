import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Slots } from '../../src/wrpc/slots.ts'

test('what was put is found by its token until it is freed', () => {
  const slots = new Slots<string>()
  const [a, b] = [slots.put('a'), slots.put('b')]
  assert.deepEqual([slots.get(a.token), slots.get(b.token), slots.size], ['a', 'b', 2])
  a.free()
  a.free()
  assert.deepEqual([slots.get(a.token), slots.get(b.token), slots.size], [undefined, 'b', 1])
})

test('a place is used again, its old token finds nothing', () => {
  const slots = new Slots<string>()
  const before = slots.put('before')
  before.free()
  const now = slots.put('now')
  assert.notEqual(now.token, before.token)
  assert.equal(slots.get(before.token), undefined)
  before.free()
  assert.equal(slots.get(now.token), 'now')
})

test('any text may be asked for', () => {
  const slots = new Slots<string>()
  slots.put('a')
  for (const token of ['', '0', '0-', '-1', 'results', '__proto__', '0-0.x', '99999999999999999999-0']) {
    assert.equal(slots.get(token), undefined, token)
  }
})

test('all are taken out at once', () => {
  const slots = new Slots<string>()
  slots.put('a').free()
  slots.put('b')
  slots.put('c')
  assert.deepEqual(slots.takeAll(), ['b', 'c'])
  assert.equal(slots.size, 0)
})
