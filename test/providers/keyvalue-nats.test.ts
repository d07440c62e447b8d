import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { decodeKey, encodeKey } from '../../providers/keyvalue-nats/key.ts'
import keyvalueNats from '../../providers/keyvalue-nats.ts'
import { keyvalueInterfaces } from '../../src/capability/keyvalue-wit.ts'
import { createLog } from '../../src/log.ts'
import type { Provider, ProviderLink } from '../../src/provider.ts'
import { sampleCall } from '../support/sample-call.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'

describe('key-value in NATS', () => {
  let nats: NatsServer
  let provider: Provider
  const link = (source: string, targetConfig: Record<string, string>): ProviderLink => ({
    source,
    target: 'kv',
    name: 'default',
    namespace: 'wasi',
    package: 'keyvalue',
    interfaces: ['store', 'atomics', 'batch'],
    sourceConfig: {},
    targetConfig,
  })

  before(async () => {
    nats = await startNats()
    provider = await keyvalueNats.start({
      id: 'kv',
      hostId: 'N',
      lattice: 'test',
      natsUrl: nats.url,
      isLeader: true,
      config: {},
      log: createLog(() => {}),
      invoke: () => Promise.reject(new Error('it calls nobody')),
      enter: () => Promise.reject(new Error('nothing enters here')),
    })
    await provider.putLink(link('hello', { bucket: 'visits' }))
  })
  after(async () => {
    await provider.stop()
    await nats.stop()
  })

  const ask = (name: string, args: readonly unknown[], source = 'hello') => {
    const owner = keyvalueInterfaces().find((one) => one.functions.some((fn) => fn.name === name))
    return provider.serve?.(
      sampleCall({ source, target: 'kv', interface: owner?.id ?? '', function: name, args }),
    )
  }
  const ok = (val: unknown) => ({ tag: 'ok', val })
  const bytes = (text: string) => Buffer.from(text)

  test('what is set is there, until it is deleted', async () => {
    await ask('set', ['visits', 'k', bytes('v')])
    assert.deepEqual(await ask('get', ['visits', 'k']), ok(bytes('v')))
    assert.deepEqual(await ask('exists', ['visits', 'k']), ok(true))
    await ask('delete', ['visits', 'k'])
    assert.deepEqual(await ask('get', ['visits', 'k']), ok(undefined))
    assert.deepEqual(await ask('exists', ['visits', 'k']), ok(false))
  })

  test('any text is a key', async () => {
    for (const key of ['', 'a b', 'ü/€', '.dots..', '=x', 'a.b', '*', '>']) {
      await ask('set', ['visits', key, bytes(key)])
      assert.deepEqual(await ask('get', ['visits', key]), ok(bytes(key)), key)
      assert.equal(decodeKey(encodeKey(key)), key)
    }
    const listed = (await ask('list-keys', ['visits', undefined])) as { val: { keys: string[] } }
    assert.ok(listed.val.keys.includes('ü/€'))
  })

  test('200 increments at the same time lose nothing and give each sum once', async () => {
    const sums = await Promise.all(Array.from({ length: 200 }, () => ask('increment', ['visits', 'n', 1n])))
    const values = sums.map((sum) => (sum as { val: bigint }).val)
    assert.deepEqual(
      [...values].sort((a, b) => Number(a - b)),
      Array.from({ length: 200 }, (_, at) => BigInt(at + 1)),
    )
  })

  test('a value that is no number is not incremented', async () => {
    await ask('set', ['visits', 'word', bytes('abc')])
    const answer = (await ask('increment', ['visits', 'word', 1n])) as { tag: string; val: { val: string } }
    assert.equal(answer.tag, 'err')
    assert.match(answer.val.val, /not a whole number/)
  })

  test('many keys are got and set in one call, those that are not there as nothing', async () => {
    await ask('set-many', [
      'visits',
      [
        ['m1', bytes('1')],
        ['m2', bytes('2')],
      ],
    ])
    assert.deepEqual(
      await ask('get-many', ['visits', ['m1', 'none', 'm2']]),
      ok([['m1', bytes('1')], undefined, ['m2', bytes('2')]]),
    )
  })

  test('compare-and-set writes only over what was seen', async () => {
    assert.deepEqual(await ask('compare-and-set', ['visits', 'cas', undefined, bytes('1')]), ok(true))
    assert.deepEqual(await ask('compare-and-set', ['visits', 'cas', bytes('0'), bytes('2')]), ok(false))
    assert.deepEqual(await ask('compare-and-set', ['visits', 'cas', bytes('1'), bytes('2')]), ok(true))
  })

  test('a component reaches its own bucket only, also as default', async () => {
    await ask('set', ['default', 'same', bytes('x')])
    assert.deepEqual(await ask('get', ['visits', 'same']), ok(bytes('x')))
    assert.deepEqual(await ask('get', ['LATTICEDATA_default', 'x']), {
      tag: 'err',
      val: { tag: 'no-such-store' },
    })
    assert.deepEqual(await ask('get', ['visits', 'same'], 'stranger'), {
      tag: 'err',
      val: { tag: 'access-denied' },
    })
  })

  test('a link to a bucket of the lattice is refused, and health says so', async () => {
    const wrong = link('bad', { bucket: 'LATTICEDATA_default' })
    await assert.rejects(provider.putLink(wrong), {
      code: 'invalid',
      message: /not one of the lattice's own/,
    })
    assert.match((await provider.health?.()) ?? '', /lattice's own/)
    await provider.deleteLink(wrong)
    assert.equal(await provider.health?.(), undefined)
  })
})
