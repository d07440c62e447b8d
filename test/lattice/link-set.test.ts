import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Link } from '../../src/lattice/link.ts'
import { sameLink, withLink, withoutLink } from '../../src/lattice/link-set.ts'

const link = (more: Partial<Link> = {}): Link => ({
  source_id: 'hello',
  target: 'redis',
  name: 'default',
  wit_namespace: 'wasi',
  wit_package: 'keyvalue',
  interfaces: ['store'],
  source_config: [],
  target_config: [],
  ...more,
})

test('a link between the same ends is replaced in its place', () => {
  const before = [link(), link({ name: 'cache' })]
  const after = withLink(before, link({ interfaces: ['store', 'atomics'] }))
  assert.deepEqual(after, [link({ interfaces: ['store', 'atomics'] }), link({ name: 'cache' })])
})

test('one name cannot lead an interface to two targets', () => {
  const conflict = {
    code: 'invalid',
    message: /^link already exists with different target, consider deleting the existing link/,
  }
  assert.throws(
    () => withLink([link()], link({ target: 'nats', interfaces: ['atomics', 'store'] })),
    conflict,
  )
})

test('another interface, name or package may have another target', () => {
  for (const more of [{ interfaces: ['atomics'] }, { name: 'cache' }, { wit_package: 'blobstore' }]) {
    assert.equal(withLink([link()], link({ target: 'nats', ...more })).length, 2)
  }
})

test('deleting takes the first match and leaves the order of the others', () => {
  const others = [link({ name: 'a' }), link({ name: 'b' })]
  const [a, b] = others
  assert.ok(a && b)
  assert.deepEqual(withoutLink([a, link(), b], link()), { links: others, removed: link() })
  assert.deepEqual(withoutLink(others, link()), { links: others, removed: undefined })
})

test('links are the same when all eight members are', () => {
  assert.equal(sameLink(link(), link()), true)
  assert.equal(sameLink(link(), link({ target_config: ['x'] })), false)
  assert.equal(sameLink(link(), link({ target: 'x' })), false)
})
