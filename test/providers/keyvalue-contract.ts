import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyvalueInterfaces } from '../../src/capability/keyvalue-wit.ts'
import type { Provider, ProviderContext, ProviderLink } from '../../src/provider.ts'
import { providerContext } from '../support/provider-context.ts'
import { sampleCall } from '../support/sample-call.ts'

/** A link of a component to the provider `kv`. */
export function keyvalueLink(source: string, targetConfig: Record<string, string>): ProviderLink {
  return {
    source,
    target: 'kv',
    name: 'default',
    namespace: 'wasi',
    package: 'keyvalue',
    interfaces: ['store', 'atomics', 'batch'],
    sourceConfig: {},
    targetConfig,
  }
}

export function keyvalueContext(more: Partial<ProviderContext> = {}): ProviderContext {
  return providerContext({ id: 'kv', ...more })
}

/** A call of one function, as `source` makes it. */
export function keyvalueCall(name: string, args: readonly unknown[], source = 'hello') {
  const owner = keyvalueInterfaces().find((one) => one.functions.some((fn) => fn.name === name))
  return sampleCall({ source, target: 'kv', interface: owner?.id ?? '', function: name, args })
}

export const ok = (val: unknown) => ({ tag: 'ok', val })
export const bytes = (text: string) => new Uint8Array(Buffer.from(text))

/** What every key-value provider does for component `hello`, whose link gives it a bucket. */
export function keyvalueContract(provider: () => Provider): void {
  const ask = async (name: string, ...args: readonly unknown[]) =>
    plain(await provider().serve?.(keyvalueCall(name, ['default', ...args])))

  test('what is set is there, until it is deleted', async () => {
    await ask('set', 'k', bytes('v'))
    assert.deepEqual(await ask('get', 'k'), ok(bytes('v')))
    assert.deepEqual(await ask('exists', 'k'), ok(true))
    await ask('delete', 'k')
    assert.deepEqual(await ask('get', 'k'), ok(undefined))
    assert.deepEqual(await ask('exists', 'k'), ok(false))
    assert.deepEqual(await ask('delete', 'k'), ok(undefined))
  })

  test('a value is the bytes that it was, whatever becomes of those that were given', async () => {
    const given = Buffer.from([0, 255, 13, 10, 36])
    await ask('set', 'raw', given)
    given.fill(1)
    assert.deepEqual(await ask('get', 'raw'), ok(Uint8Array.of(0, 255, 13, 10, 36)))
    await ask('set', 'raw', new Uint8Array())
    assert.deepEqual(await ask('get', 'raw'), ok(new Uint8Array()))
    const big = new Uint8Array(700_000).fill(7)
    await ask('set', 'raw', big)
    assert.deepEqual(await ask('get', 'raw'), ok(big))
    await ask('delete', 'raw')
  })

  test('any text is a key', async () => {
    const keys = ['', 'a b', 'ü/€', '.dots..', '=x', 'a.b', '*', '>', '[a-z]?\\']
    for (const key of keys) {
      await ask('set', key, bytes(`value of ${key}`))
      assert.deepEqual(await ask('get', key), ok(bytes(`value of ${key}`)), key)
    }
    const listed = (await ask('list-keys', undefined)) as { val: { keys: string[] } }
    assert.deepEqual(new Set(keys).difference(new Set(listed.val.keys)), new Set())
    await ask('delete-many', keys)
  })

  test('keys are listed page by page, each once', async () => {
    const keys = Array.from({ length: 2500 }, (_, at) => `page-${at}`)
    await ask(
      'set-many',
      keys.map((key) => [key, bytes('x')]),
    )
    const listed: string[] = []
    let cursor: bigint | undefined
    do {
      const { val } = (await ask('list-keys', cursor)) as { val: { keys: string[]; cursor?: bigint } }
      listed.push(...val.keys)
      cursor = val.cursor
    } while (cursor !== undefined)
    assert.deepEqual(listed.sort(), keys.sort())
    await ask('delete-many', keys)
    assert.deepEqual(await ask('list-keys', undefined), ok({ keys: [], cursor: undefined }))
  })

  test('200 increments at the same time lose nothing and give each sum once', async () => {
    const sums = await Promise.all(Array.from({ length: 200 }, () => ask('increment', 'n', 1n)))
    const values = sums.map((sum) => (sum as { val: bigint }).val)
    assert.deepEqual(
      [...values].sort((a, b) => Number(a - b)),
      Array.from({ length: 200 }, (_, at) => BigInt(at + 1)),
    )
    assert.deepEqual(await ask('get', 'n'), ok(bytes('200')), 'the number stands there as text')
    assert.deepEqual(await ask('increment', 'n', BigInt.asUintN(64, -201n)), ok(BigInt.asUintN(64, -1n)))
  })

  test('a value that is no number is not incremented', async () => {
    await ask('set', 'word', bytes('abc'))
    const answer = (await ask('increment', 'word', 1n)) as { tag: string; val: { val: string } }
    assert.equal(answer.tag, 'err')
    assert.match(answer.val.val, /the value of word is not a whole number/)
  })

  test('many keys are got, set and deleted in one call, those that are not there as nothing', async () => {
    const pairs = [
      ['m1', bytes('1')],
      ['m2', bytes('2')],
    ]
    assert.deepEqual(await ask('set-many', pairs), ok(undefined))
    assert.deepEqual(await ask('get-many', ['m1', 'none', 'm2']), ok([pairs[0], undefined, pairs[1]]))
    assert.deepEqual(await ask('delete-many', ['m1', 'none']), ok(undefined))
    assert.deepEqual(await ask('get-many', ['m1', 'm2']), ok([undefined, pairs[1]]))
    assert.deepEqual(await ask('get-many', []), ok([]))
    assert.deepEqual(await ask('set-many', []), ok(undefined))
    assert.deepEqual(await ask('delete-many', []), ok(undefined))
  })

  test('compare-and-set writes only over what was seen', async () => {
    const compareAndSet = (expected: Uint8Array | undefined, value: string) =>
      ask('compare-and-set', 'cas', expected, bytes(value))
    assert.deepEqual(await compareAndSet(undefined, '1'), ok(true))
    assert.deepEqual(await compareAndSet(undefined, '2'), ok(false))
    assert.deepEqual(await compareAndSet(bytes('0'), '2'), ok(false))
    assert.deepEqual(await compareAndSet(bytes('1'), '2'), ok(true))
    assert.deepEqual(await ask('get', 'cas'), ok(bytes('2')))
  })

  test('a component without a link reaches nothing', async () => {
    assert.deepEqual(await provider().serve?.(keyvalueCall('get', ['default', 'k'], 'stranger')), {
      tag: 'err',
      val: { tag: 'access-denied' },
    })
  })
}

/** Backends answer with bytes of any make. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]))
}
