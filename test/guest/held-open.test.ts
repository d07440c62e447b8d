import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Descriptors, HeldOpen } from '../../src/guest/held-open.ts'

const held = () => {
  const one = {
    closed: 0,
    close() {
      one.closed++
    },
  }
  return one
}

test('all that is held is closed when its life ends, and counted until then', () => {
  const life = new AbortController()
  const descriptors = new Descriptors()
  const open = new HeldOpen({ signal: life.signal, descriptors }, 3)
  const [one, two] = [open.add(held()), open.add(held())]
  open.close(one)
  open.close(one)
  assert.deepEqual([descriptors.open, one.closed], [1, 2])
  life.abort()
  assert.deepEqual([descriptors.open, two.closed], [0, 1])
  assert.equal(open.add(held()).closed, 1)
})

test('it is full with its own most, and when all of the component are', () => {
  const context = { signal: new AbortController().signal, descriptors: new Descriptors() }
  const open = new HeldOpen(context, 2)
  open.add(held())
  assert.equal(open.isFull, false)
  open.add(held())
  assert.equal(open.isFull, true)
  const other = new HeldOpen(context, 100_000)
  while (!other.isFull) other.add(held())
  assert.equal(context.descriptors.open, 2048)
})

test('a new life begins with nothing', () => {
  let life = new AbortController()
  const context = {
    get signal() {
      return life.signal
    },
    descriptors: new Descriptors(),
  }
  const open = new HeldOpen(context, 10)
  const first = open.add(held())
  life.abort()
  life = new AbortController()
  const second = open.add(held())
  assert.deepEqual([first.closed, second.closed], [1, 0])
  life.abort()
  assert.equal(second.closed, 1)
})
