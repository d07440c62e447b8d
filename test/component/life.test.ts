import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Life } from '../../src/component/life.ts'

test('who watches a life is told of its end once, unless he left', () => {
  const life = new Life()
  const told: string[] = []
  const left = () => told.push('left')
  life.onEnd(() => told.push('stayed'))
  life.onEnd(left)
  life.offEnd(left)
  life.end('first')
  life.end('second')
  assert.deepEqual(told, ['stayed'])
  assert.deepEqual(life.over, { reason: 'first' })
})

test('who comes after its end is told at once', () => {
  const life = new Life()
  life.end('over')
  let told = false
  life.onEnd(() => {
    told = true
  })
  assert.equal(told, true)
})

test('its signal is aborted at its end, whenever it was asked for', () => {
  const watched = new Life()
  const { signal } = watched
  assert.equal(signal.aborted, false)
  const unwatched = new Life()
  for (const life of [watched, unwatched]) life.end('over')
  assert.equal(signal.reason, 'over')
  assert.equal(unwatched.signal.reason, 'over')
})
