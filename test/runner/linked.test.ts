import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResolvedLink } from '../../src/lattice/resolved-link.ts'
import { createLog } from '../../src/log.ts'
import type { Provider } from '../../src/provider.ts'
import { Linked } from '../../src/runner/linked.ts'
import { providerLink } from '../../src/runner/provider-link.ts'
import { until } from '../support/until.ts'

const link = (target: string, greeting = 'Hi'): ResolvedLink => ({
  source_id: 'http',
  target,
  name: 'default',
  wit_namespace: 'wasi',
  wit_package: 'http',
  interfaces: ['incoming-handler'],
  source_config: { greeting },
  target_config: {},
  source_secrets: null,
  target_secrets: null,
})
const data = { host_xkey_public_key: '', provider_xkey_private_key: '' } as Parameters<typeof providerLink>[1]

function open({ moves = true, refuses = (_: string): boolean => false, graceMs = 60_000 } = {}) {
  const did: string[] = []
  const provider: Pick<Provider, 'putLink' | 'deleteLink' | 'moveLink'> = {
    async putLink(one) {
      if (refuses(one.sourceConfig['greeting'] ?? '')) throw new Error('the port is taken')
      did.push(`put ${one.target} ${one.sourceConfig['greeting']}`)
    },
    async deleteLink(one) {
      did.push(`delete ${one.target}`)
    },
    ...(moves && {
      moveLink: async (before, after) =>
        void did.push(`move ${before.target} to ${after.target} ${after.sourceConfig['greeting']}`),
    }),
  }
  const linked = new Linked({
    provider,
    read: (one) => providerLink(one, data, undefined),
    log: createLog(() => {}),
    graceMs,
  })
  return {
    linked,
    async did() {
      await linked.settled
      return did.splice(0)
    },
  }
}

test('a link is taken once, however often it is put', async () => {
  const { linked, did } = open()
  linked.put(link('a'))
  linked.put(link('a'))
  assert.deepEqual(await did(), ['put a Hi'])
  assert.equal(linked.settled, undefined)
})

test('deleted and put again at once, nothing happens; with other config or target it is moved', async () => {
  const { linked, did } = open()
  linked.put(link('a'))
  linked.delete(link('a'))
  linked.put(link('a'))
  linked.delete(link('a'))
  linked.put(link('a', 'Hey'))
  linked.delete(link('a'))
  linked.put(link('b'))
  assert.deepEqual(await did(), ['put a Hi', 'move a to a Hey', 'move a to b Hi'])
  linked.stop()
})

test('a provider that cannot move links has the old one deleted and the new one put', async () => {
  const { linked, did } = open({ moves: false })
  linked.put(link('a'))
  linked.delete(link('a'))
  linked.put(link('b'))
  assert.deepEqual(await did(), ['put a Hi', 'delete a', 'put b Hi'])
  linked.stop()
})

test('one that is not put again is deleted after the grace time', async () => {
  const { linked, did } = open({ graceMs: 5 })
  linked.put(link('a'))
  linked.put(link('b'))
  linked.delete(link('a'))
  const seen = await did()
  await until(async () => (await did()).some((one) => seen.push(one) && one === 'delete a'))
  assert.deepEqual(seen, ['put a Hi', 'put b Hi', 'delete a'])
})

test('what the provider refuses is tried again, and told until it works', async () => {
  const taken = { is: true }
  const { linked, did } = open({ refuses: () => taken.is })
  linked.put(link('a'))
  assert.equal(await linked.retry(), 'the port is taken')
  assert.deepEqual(await did(), [])
  taken.is = false
  assert.equal(await linked.retry(), undefined)
  assert.deepEqual(await did(), ['put a Hi'])
})

test('what was refused is not tried again once it has changed', async () => {
  const { linked, did } = open({ refuses: (greeting) => greeting === 'Hey' })
  linked.put(link('a', 'Hey'))
  assert.equal(await linked.retry(), 'the port is taken')
  linked.put(link('a', 'Hi'))
  assert.equal(await linked.retry(), undefined)
  assert.deepEqual(await did(), ['put a Hi'])
})

test('a call that comes before its link waits for it, and one without a link is kept once', async () => {
  const { linked, did } = open({ graceMs: 20 })
  const first = linked.takenFor('http', 'default')
  assert.ok(first)
  linked.put(link('a'))
  await first
  assert.deepEqual(await did(), ['put a Hi'])
  assert.equal(linked.takenFor('http', 'default'), undefined)
  await linked.takenFor('stranger', 'default')
  assert.equal(linked.takenFor('stranger', 'default'), undefined)
})
