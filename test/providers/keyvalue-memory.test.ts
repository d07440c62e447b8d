import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import keyvalueMemory from '../../providers/keyvalue-memory.ts'
import type { Provider } from '../../src/provider.ts'
import {
  bytes,
  keyvalueCall,
  keyvalueContext,
  keyvalueContract,
  keyvalueLink,
  ok,
} from './keyvalue-contract.ts'

describe('key-value in memory', () => {
  let provider: Provider
  before(async () => {
    provider = await keyvalueMemory.start(keyvalueContext())
    await provider.putLink(keyvalueLink('hello', {}))
  })
  after(() => provider.stop())

  keyvalueContract(() => provider)

  test('links that name one bucket share it, others have their own', async () => {
    await provider.putLink(keyvalueLink('one', { bucket: 'shared' }))
    await provider.putLink(keyvalueLink('two', { bucket: 'shared' }))
    await provider.putLink(keyvalueLink('three', { bucket: 'own' }))
    await provider.serve?.(keyvalueCall('set', ['shared', 'k', bytes('v')], 'one'))
    const has = (source: string) => provider.serve?.(keyvalueCall('exists', ['default', 'k'], source))
    assert.deepEqual(await has('two'), ok(true))
    assert.deepEqual(await has('three'), ok(false))
  })

  test('it takes no more than its limit, and what is deleted makes room', async () => {
    const small = await keyvalueMemory.start(keyvalueContext({ config: { max_bytes: '2000' } }))
    await small.putLink(keyvalueLink('hello', {}))
    const ask = (name: string, ...args: readonly unknown[]) =>
      small.serve?.(keyvalueCall(name, ['default', ...args]))
    assert.deepEqual(await ask('set', 'a', new Uint8Array(1500)), ok(undefined))
    assert.deepEqual(await ask('set', 'b', new Uint8Array(1500)), {
      tag: 'err',
      val: { tag: 'other', val: 'the key-value memory is full: 2000 bytes (provider config `max_bytes`)' },
    })
    await ask('set', 'a', new Uint8Array(1600))
    await ask('delete', 'a')
    assert.deepEqual(await ask('set', 'b', new Uint8Array(1500)), ok(undefined))
  })

  test('a limit that is no number is refused', async () => {
    await assert.rejects(keyvalueMemory.start(keyvalueContext({ config: { max_bytes: 'lots' } })), {
      code: 'invalid',
      message: /`max_bytes`: expected a number of bytes such as 67108864, got "lots"/,
    })
  })
})
