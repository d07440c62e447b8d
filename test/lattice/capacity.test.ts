import assert from 'node:assert/strict'
import { test } from 'node:test'
import { capacityOf, readBytes } from '../../src/lattice/capacity.ts'

test('labels say what a host can carry', () => {
  const labels = { 'weft.capacity.instances': '200', 'weft.capacity.memory': '8GiB' }
  assert.deepEqual(capacityOf(labels), { instances: 200, memoryBytes: 8 * 2 ** 30 })
})

test('without labels, or with odd ones, a host can carry anything', () => {
  const anything = { instances: Number.POSITIVE_INFINITY, memoryBytes: Number.POSITIVE_INFINITY }
  assert.deepEqual(capacityOf({}), anything)
  const odd = { 'weft.capacity.instances': 'many', 'weft.capacity.memory': '8 elephants' }
  assert.deepEqual(capacityOf(odd), anything)
})

test('sizes have units of 1000 and of 1024, or none', () => {
  assert.deepEqual(
    ['64MiB', '1.5 GB', '100', '', 'x', '1toString', '-1'].map((text) => readBytes(text)),
    [64 * 2 ** 20, 1.5e9, 100, undefined, undefined, undefined, undefined],
  )
})
