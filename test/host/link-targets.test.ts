import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LinkTargets } from '../../src/host/link-targets.ts'

const to = (target: string | undefined) => [{ name: 'default', interface: 'a:b/c', target }]

test('a link leads to its target, another one nowhere', () => {
  const links = new LinkTargets(to('x'))
  assert.equal(links.find('default', 'a:b/c'), 'x')
  assert.equal(links.find('default', 'a:b/d'), undefined)
  assert.equal(links.find('other', 'a:b/c'), undefined)
})

test('calls over a link that moves wait, all of them, for where it leads next', async () => {
  const links = new LinkTargets(to('x'))
  links.put(to(undefined))
  const waiting = [links.find('default', 'a:b/c'), links.find('default', 'a:b/c')]
  assert.ok(waiting.every((one) => one instanceof Promise))
  links.put(to('y'))
  assert.deepEqual(await Promise.all(waiting), ['y', 'y'])
  assert.equal(links.find('default', 'a:b/c'), 'y')
})

test('a link that does not come back leaves those who wait without one', async () => {
  const links = new LinkTargets(to(undefined))
  const waiting = links.find('default', 'a:b/c')
  links.put([])
  assert.equal(await waiting, undefined)
})

test('when no plan follows, nobody waits', async () => {
  const links = new LinkTargets(to(undefined))
  const waiting = links.find('default', 'a:b/c')
  links.settle()
  assert.equal(await waiting, undefined)
  assert.equal(links.find('default', 'a:b/c'), undefined)
})
