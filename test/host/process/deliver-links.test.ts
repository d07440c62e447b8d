import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { deliverLinks } from '../../../src/host/process/deliver-links.ts'
import { bareLink } from '../../../src/host/process/resolve-link.ts'
import type { ProviderControl } from '../../../src/lattice/provider-control.ts'
import type { ResolvedLink } from '../../../src/lattice/resolved-link.ts'
import type { ProviderLink } from '../../../src/provider.ts'

const link = (target: string, greeting = 'Hi'): ProviderLink => ({
  source: 'gateway',
  target,
  name: 'default',
  namespace: 'demo',
  package: 'greetings',
  interfaces: ['greeter'],
  sourceConfig: {},
  targetConfig: { greeting },
})

function open(links: readonly ProviderLink[]) {
  const told: string[] = []
  let hear: (link: ResolvedLink) => unknown = () => {}
  let settled = Promise.withResolvers<void>()
  const say = (what: string) => (one: ResolvedLink) =>
    void told.push(`${what} ${one.target} ${one.target_config['greeting']}`)
  const control: ProviderControl = {
    putLink: say('put'),
    putLinkById: say('put by id'),
    deleteLink: say('delete'),
    onLinkDeleted(heard) {
      hear = heard
      return { stop() {} }
    },
    putConfig() {},
    askHealth: async () => 'no answer',
    shutDown: async () => true,
  }
  const delivery = deliverLinks({
    control,
    links,
    onPut() {},
    settle: () => settled.promise,
    resolve: (one) => ({ ...bareLink(one), target_config: one.targetConfig }),
  })
  return {
    ...delivery,
    deleted: (one: ProviderLink) => void hear(bareLink(one)),
    async settle() {
      settled.resolve()
      settled = Promise.withResolvers()
      await new Promise(setImmediate)
    },
    told: () => told.splice(0),
  }
}

test('what HostData had is not sent again; a new link is put, one that is gone is deleted', () => {
  const { update, told } = open([link('a')])
  update([link('a')])
  assert.deepEqual(told(), [])
  update([link('a'), link('b')])
  assert.deepEqual(told(), ['put b Hi'])
  update([link('b')])
  assert.deepEqual(told(), ['delete a undefined'])
})

test('one that has changed is deleted once, and put when the delete has been heard and done', async () => {
  const { update, deleted, settle, told } = open([link('a')])
  update([link('a', 'Hey')])
  update([link('a', 'Hello')])
  assert.deepEqual(told(), ['delete a undefined'])
  deleted(link('a'))
  update([link('a', 'Hello')])
  assert.deepEqual(told(), [])
  await settle()
  assert.deepEqual(told(), ['put a Hello', 'put by id a Hello'])
  update([link('a', 'Hello')])
  assert.deepEqual(told(), [])
})

test('a delete that another host has published is undone; one that was meant is not', async () => {
  const { update, deleted, settle, told } = open([link('a'), link('b')])
  deleted(link('a'))
  // A second one, which comes before the first is done, is waited for too.
  deleted(link('a'))
  await settle()
  assert.deepEqual(told(), [])
  await settle()
  assert.deepEqual(told(), ['put a Hi', 'put by id a Hi'])
  update([link('b')])
  deleted(link('a'))
  await settle()
  assert.deepEqual(told(), ['delete a undefined'])
})

test('a link with secrets goes to the one instance that can open them', async () => {
  const { update, deleted, settle, told } = open([link('a')])
  update([{ ...link('a'), targetSecrets: { password: { tag: 'string', val: 'x' } } }])
  deleted(link('a'))
  await settle()
  assert.deepEqual(told(), ['delete a undefined', 'put a Hi'])
})

test('a delete that is not heard is said again', async () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const { update, deleted, stop, told } = open([link('a')])
    update([])
    mock.timers.tick(3_000)
    assert.deepEqual(told(), ['delete a undefined', 'delete a undefined'])
    deleted(link('a'))
    mock.timers.tick(30_000)
    assert.deepEqual(told(), [])
    stop()
  } finally {
    mock.timers.reset()
  }
})
