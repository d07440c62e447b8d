import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { DepartedLinks } from '../../src/host/departed-links.ts'
import type { Link } from '../../src/lattice/link.ts'
import { until } from '../support/until.ts'

const link = (more: Partial<Link> = {}): Link => ({
  source_id: 'a',
  target: 'b',
  name: 'default',
  wit_namespace: 'wasi',
  wit_package: 'keyvalue',
  interfaces: ['store', 'atomics'],
  source_config: [],
  target_config: [],
  ...more,
})

let gone = 0
let departed = new DepartedLinks(() => {
  gone += 1
})
afterEach(() => {
  departed.stop()
  gone = 0
  departed = new DepartedLinks(() => {
    gone += 1
  })
})

test('a deleted link is remembered until another leads on under its name', () => {
  departed.changed([link()], [])
  assert.deepEqual(departed.links, [link()])
  departed.changed([], [link({ name: 'other', target: 'c' })])
  assert.deepEqual(departed.links, [link()], 'a link of another name is none')
  departed.changed([], [link({ target: 'c' })])
  assert.deepEqual(departed.links, [])
})

test('what is left of it are the interfaces without a new link', () => {
  departed.changed([link()], [])
  departed.changed([], [link({ target: 'c', interfaces: ['store'] })])
  assert.deepEqual(departed.links, [link({ interfaces: ['atomics'] })])
})

test('a link that changes its target in one step never departs', () => {
  departed.changed([link()], [link({ target: 'c' })])
  assert.deepEqual(departed.links, [])
})

test('after a second it is gone for good, and that is told', async () => {
  const start = performance.now()
  departed.changed([link()], [])
  await until(() => gone === 1)
  assert.ok(performance.now() - start > 990)
  assert.deepEqual(departed.links, [])
})
