import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GuestError } from '../../src/capability/guest-error.ts'
import { type KeyvalueCall, keyvalueImports } from '../../src/capability/keyvalue-imports.ts'

interface Bucket {
  get(key: string): Promise<unknown>
  listKeys(cursor: unknown): Promise<{ keys: string[]; cursor: unknown }>
}
interface Store {
  open(name: string): Bucket
}
interface Cas {
  current(): Promise<unknown>
}
interface Atomics {
  increment(bucket: Bucket, key: string, delta: bigint): Promise<unknown>
  swap(cas: Cas, value: Uint8Array): Promise<void>
  Cas: { new (bucket: Bucket, key: string): Cas; new: (bucket: Bucket, key: string) => Promise<Cas> }
}

function importsOf(version: string, call: KeyvalueCall): { store: Store; atomics: Atomics } {
  const { store, atomics } = keyvalueImports(version, call)
  return { store: store as Store, atomics: atomics as Atomics }
}

test('a bucket is its name on the wire', async () => {
  const seen: unknown[] = []
  const { store } = importsOf('0.2.0-draft', async (...call) => seen.push(call))
  await store.open('b').get('k')
  assert.deepEqual(seen, [['wrpc:keyvalue/store@0.2.0-draft', 'get', ['b', 'k']]])
})

test('the cursor is a number in the first draft and text in the second', async () => {
  const call: KeyvalueCall = async () => ({ keys: ['a'], cursor: 7n })
  assert.deepEqual(await importsOf('0.2.0-draft', call).store.open('b').listKeys(1n), {
    keys: ['a'],
    cursor: 7n,
  })
  assert.deepEqual(await importsOf('0.2.0-draft2', call).store.open('b').listKeys('1'), {
    keys: ['a'],
    cursor: '7',
  })
})

test('a cursor that list-keys never gave is an error value', async () => {
  const { store } = importsOf('0.2.0-draft2', async () => ({ keys: [] }))
  await assert.rejects(store.open('b').listKeys('; drop'), GuestError)
})

test('the second draft counts down too', async () => {
  const seen: unknown[] = []
  const { store, atomics } = importsOf('0.2.0-draft2', async (_, __, args) => {
    seen.push(args[2])
    return BigInt.asUintN(64, -5n)
  })
  assert.equal(await atomics.increment(store.open('b'), 'k', -2n), -5n)
  assert.deepEqual(seen, [BigInt.asUintN(64, -2n)])
})

test('swap writes over what was seen, and fails with a fresh cas when somebody was quicker', async () => {
  let stored = new Uint8Array([1])
  const { store, atomics } = importsOf('0.2.0-draft2', async (_, name, [, , expected, value]) => {
    if (name === 'get') return stored
    const same = (expected as Uint8Array)[0] === stored[0]
    if (same) stored = value as Uint8Array<ArrayBuffer>
    return same
  })
  const cas = await atomics.Cas.new(store.open('b'), 'k')
  await atomics.swap(cas, new Uint8Array([2]))
  await assert.rejects(atomics.swap(cas, new Uint8Array([3])), (error: GuestError) => {
    assert.equal((error.payload as { tag: string }).tag, 'cas-failed')
    return true
  })
  assert.deepEqual(await cas.current(), new Uint8Array([2]))
})

test('get-many of the later draft2 names the keys that are not there', async () => {
  const call: KeyvalueCall = async () => [undefined, ['b', new Uint8Array([1])]]
  const { store, batch } = keyvalueImports('0.2.0-draft2', call, { namesMissingKeys: true })
  const { getMany } = batch as { getMany(bucket: Bucket, keys: string[]): Promise<unknown> }
  assert.deepEqual(await getMany((store as Store).open('x'), ['a', 'b']), [
    ['a', undefined],
    ['b', new Uint8Array([1])],
  ])
})
