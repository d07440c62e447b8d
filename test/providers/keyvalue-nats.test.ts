import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { decodeKey, encodeKey } from '../../providers/keyvalue-nats/key.ts'
import keyvalueNats from '../../providers/keyvalue-nats.ts'
import type { Call } from '../../src/call/call.ts'
import type { Provider } from '../../src/provider.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'
import {
  bytes,
  keyvalueCall,
  keyvalueContext,
  keyvalueContract,
  keyvalueLink,
  ok,
} from './keyvalue-contract.ts'

describe('key-value in NATS', () => {
  let nats: NatsServer
  let provider: Provider

  before(async () => {
    nats = await startNats()
    provider = await keyvalueNats.start(keyvalueContext({ natsUrl: nats.url }))
    await provider.putLink(keyvalueLink('hello', { bucket: 'visits' }))
  })
  after(async () => {
    await provider.stop()
    await nats.stop()
  })

  keyvalueContract(() => provider)

  test('a key that JetStream does not take is stored under another, and found again', () => {
    for (const key of ['', 'a b', 'ü/€', '.dots..', '=x', 'a.b', '*', '>'])
      assert.equal(decodeKey(encodeKey(key)), key)
  })

  test('a component reaches its own bucket only, also as default', async () => {
    const ask = (name: string, args: readonly unknown[]) => provider.serve?.(keyvalueCall(name, args))
    await ask('set', ['default', 'same', bytes('x')])
    assert.partialDeepStrictEqual(await ask('exists', ['visits', 'same']), ok(true))
    assert.deepEqual(await ask('get', ['LATTICEDATA_default', 'x']), {
      tag: 'err',
      val: { tag: 'no-such-store' },
    })
  })

  test('a change in a watched bucket enters for the component that watches it', async () => {
    const entered: Call[] = []
    const invoked: Call[] = []
    const watching = await keyvalueNats.start(
      keyvalueContext({
        natsUrl: nats.url,
        enter: (call, next) => {
          entered.push(call)
          return next(call)
        },
        invoke: async (call) => void invoked.push(call),
      }),
    )
    try {
      const { targetConfig: sourceConfig } = keyvalueLink('kv', { bucket: 'visits' })
      const link = { ...keyvalueLink('kv', {}), target: 'watcher', interfaces: ['watcher'], sourceConfig }
      await watching.putLink(link)
      await provider.serve?.(keyvalueCall('set', ['default', 'watched', bytes('x')]))
      await provider.serve?.(keyvalueCall('delete', ['default', 'watched']))
      await until(() => invoked.length === 2, { what: 'both changes are told' })
      const told = ({ source, target, recipient, operation, args }: Call) =>
        [source, target, recipient, operation.function.name, args[0], args[1]].join(' ')
      assert.deepEqual(entered.map(told), [
        'nats kv watcher on-set visits watched',
        'nats kv watcher on-delete visits watched',
      ])
      assert.deepEqual(invoked.map(told), [
        'kv watcher  on-set visits watched',
        'kv watcher  on-delete visits watched',
      ])
    } finally {
      await watching.stop()
    }
  })

  test('a link to a bucket of the secrets, or of who may read them, is refused', async () => {
    for (const bucket of ['WASMCLOUD_SECRETS', 'SECRETS_nats-kv_state'])
      await assert.rejects(provider.putLink(keyvalueLink('bad', { bucket })), { code: 'invalid' }, bucket)
  })

  test('a link to a bucket of the lattice is refused, and health says so', async () => {
    const wrong = keyvalueLink('bad', { bucket: 'LATTICEDATA_default' })
    await assert.rejects(provider.putLink(wrong), {
      code: 'invalid',
      message: /not one of the lattice's own/,
    })
    assert.match((await provider.health?.()) ?? '', /lattice's own/)
    await provider.deleteLink(wrong)
    assert.equal(await provider.health?.(), undefined)
  })
})
