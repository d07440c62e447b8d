import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blobstoreInterface } from '../../src/capability/blobstore-wit.ts'
import type { Provider, ProviderLink } from '../../src/provider.ts'
import { sampleCall } from '../support/sample-call.ts'

/** A link of a component to the provider `blobs`. */
export function blobstoreLink(source: string, targetConfig: Record<string, string>): ProviderLink {
  return {
    source,
    target: 'blobs',
    name: 'default',
    namespace: 'wasi',
    package: 'blobstore',
    interfaces: ['blobstore'],
    sourceConfig: {},
    targetConfig,
  }
}

type Ended = { readonly tag: 'ok' | 'err'; readonly val?: unknown }
type Stream = [AsyncIterable<Uint8Array>, Promise<Ended>]

/** What a test may ask of a provider, as component `source`. */
export function blobsOf(provider: () => Provider, source = 'hello') {
  const raw = async (name: string, ...args: readonly unknown[]) => {
    const call = sampleCall({
      source,
      target: 'blobs',
      interface: blobstoreInterface().id,
      function: name,
      args,
    })
    return (await provider().serve?.(call)) as { tag: 'ok' | 'err'; val: unknown }
  }
  const ask = async (name: string, ...args: readonly unknown[]) => {
    const { tag, val } = await raw(name, ...args)
    if (tag === 'err') throw new Error(String(val))
    return { val }
  }
  const id = (object: string, container = 'box') => ({ container, object })
  return {
    ask: async (name: string, ...args: readonly unknown[]) => (await ask(name, ...args)).val,
    id,
    async write(object: string, data: AsyncIterable<Uint8Array> | Uint8Array, container?: string) {
      const bytes = data instanceof Uint8Array ? chunks(data) : data
      const ended = await ((await ask('write-container-data', id(object, container), bytes))
        .val as Promise<Ended>)
      if (ended.tag === 'err') throw new Error(String(ended.val))
    },
    async read(object: string, start = 0n, end = 2n ** 64n - 1n, container?: string) {
      const [bytes, ended] = (await ask('get-container-data', id(object, container), start, end))
        .val as Stream
      const parts: Uint8Array[] = []
      for await (const part of bytes) parts.push(part)
      assert.equal((await ended).tag, 'ok')
      return new Uint8Array(Buffer.concat(parts))
    },
    async list(limit?: bigint, offset?: bigint, container = 'box') {
      const [pages, ended] = (await ask('list-container-objects', container, limit, offset)).val as [
        AsyncIterable<string[]>,
        Promise<Ended>,
      ]
      const names: string[] = []
      for await (const page of pages) names.push(...page)
      assert.equal((await ended).tag, 'ok')
      return names.sort()
    },
  }
}

/** Some bytes that differ from place to place. */
export function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 7 + (at >> 8)) % 251)
}

async function* chunks(bytes: Uint8Array, size = 50_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** What every blobstore provider does for component `hello`. */
export function blobstoreContract(provider: () => Provider): void {
  const { ask, id, write, read, list } = blobsOf(provider)

  test('a container is made, found, and deleted with all that is in it', async () => {
    assert.equal(await ask('container-exists', 'gone'), false)
    await ask('create-container', 'gone')
    await ask('create-container', 'gone')
    assert.equal(await ask('container-exists', 'gone'), true)
    const { createdAt } = (await ask('get-container-info', 'gone')) as { createdAt: bigint }
    assert.ok(Math.abs(Number(createdAt) - Date.now() / 1000) < 60, 'seconds since the epoch')
    await write('one', pattern(10), 'gone')
    await ask('delete-container', 'gone')
    assert.equal(await ask('container-exists', 'gone'), false)
    await assert.rejects(ask('delete-container', 'gone'), /there is no container gone/)
  })

  test('an object is written and read in pieces, whatever its size', async () => {
    await ask('create-container', 'box')
    for (const size of [0, 1, 131_071, 131_072, 131_073, 1_000_000]) {
      const bytes = pattern(size)
      await write('sized', bytes)
      assert.deepEqual(await read('sized'), bytes, String(size))
      const info = (await ask('get-object-info', id('sized'))) as { createdAt: bigint; size: bigint }
      assert.equal(info.size, BigInt(size))
      assert.ok(Math.abs(Number(info.createdAt) - Date.now() / 1000) < 60)
    }
  })

  test('a range has its start and its end in it', async () => {
    const bytes = pattern(700_000)
    await write('ranged', bytes)
    for (const [start, end] of [
      [0, 0],
      [5, 9],
      [131_071, 131_072],
      [400_000, 400_010],
      [699_999, 699_999],
      [600_000, 9_999_999],
    ] as const)
      assert.deepEqual(
        await read('ranged', BigInt(start), BigInt(end)),
        bytes.slice(start, end + 1),
        `${start} ${end}`,
      )
    assert.deepEqual(await read('ranged', 700_000n, 800_000n), new Uint8Array())
  })

  test('any text is the name of an object', async () => {
    await ask('create-container', 'names')
    const odd = ['a b', 'a/b', '../up', '.', '..', '.hidden', 'ü€', '*', '>', '%2F', 'C:\\x', 'n\0l']
    for (const name of odd) await write(name, Buffer.from(name), 'names')
    for (const name of odd)
      assert.equal(Buffer.from(await read(name, undefined, undefined, 'names')).toString(), name)
    assert.deepEqual(await list(undefined, undefined, 'names'), odd.toSorted())
    await assert.rejects(write('', pattern(1), 'names'), /name/)
  })

  test('names are listed, from an offset, up to a limit, without what is deleted', async () => {
    await ask('create-container', 'many')
    const all = Array.from({ length: 250 }, (_, at) => `object-${String(at).padStart(3, '0')}`)
    for (const name of [...all, 'x', 'y', 'z']) await write(name, pattern(1), 'many')
    await ask('delete-object', id('x', 'many'))
    await ask('delete-object', id('x', 'many'))
    await ask('delete-objects', 'many', ['y', 'z', 'never'])
    assert.deepEqual(await list(undefined, undefined, 'many'), all)
    assert.equal((await list(7n, undefined, 'many')).length, 7)
    assert.equal((await list(undefined, 240n, 'many')).length, 10)
    assert.equal((await list(100n, 120n, 'many')).length, 100)
    assert.deepEqual(await list(5n, 500n, 'many'), [])
    assert.equal(await ask('has-object', id('x', 'many')), false)
    assert.equal(await ask('has-object', id('object-001', 'many')), true)
    await ask('clear-container', 'many')
    assert.deepEqual(await list(undefined, undefined, 'many'), [])
    assert.equal(await ask('container-exists', 'many'), true)
  })

  test('objects are copied and moved, over what was there, also to another container', async () => {
    await ask('create-container', 'left')
    await ask('create-container', 'right')
    await write('a', pattern(300_000), 'left')
    await write('b', pattern(5), 'right')
    await ask('copy-object', id('a', 'left'), id('b', 'right'))
    assert.deepEqual(await read('b', undefined, undefined, 'right'), pattern(300_000))
    await ask('move-object', id('a', 'left'), id('c', 'left'))
    assert.deepEqual(await list(undefined, undefined, 'left'), ['c'])
    assert.deepEqual(await read('c', undefined, undefined, 'left'), pattern(300_000))
    await ask('move-object', id('c', 'left'), id('c', 'left'))
    await ask('copy-object', id('c', 'left'), id('c', 'left'))
    assert.deepEqual(await list(undefined, undefined, 'left'), ['c'])
    await assert.rejects(ask('copy-object', id('none', 'left'), id('x', 'left')), /there is no object none/)
    await assert.rejects(
      ask('copy-object', id('c', 'left'), id('c', 'nowhere')),
      /there is no container nowhere/,
    )
  })

  test('bytes that break off leave the object as it was', async () => {
    await write('kept', pattern(200_000))
    async function* broken() {
      yield pattern(300_000)
      throw new Error('the writer went away')
    }
    await assert.rejects(write('kept', broken()), /the writer went away/)
    assert.deepEqual(await read('kept'), pattern(200_000))
    await assert.rejects(write('fresh', broken()), /the writer went away/)
    assert.equal(await ask('has-object', id('fresh')), false)
  })

  test('of writers at the same time one wins, whole', async () => {
    await Promise.all(Array.from({ length: 8 }, (_, at) => write('raced', new Uint8Array(200_000).fill(at))))
    const bytes = await read('raced')
    assert.equal(bytes.length, 200_000)
    assert.equal(new Set(bytes).size, 1)
  })

  test('what is not there is an error that names it', async () => {
    await assert.rejects(
      ask('get-container-data', id('none'), 0n, 1n),
      /there is no object none in container box/,
    )
    await assert.rejects(ask('get-object-info', id('none')), /there is no object none in container box/)
    await assert.rejects(ask('get-container-info', 'nowhere'), /there is no container nowhere/)
    await assert.rejects(
      ask('list-container-objects', 'nowhere', undefined, undefined),
      /no container nowhere/,
    )
    await assert.rejects(ask('clear-container', 'nowhere'), /there is no container nowhere/)
    await assert.rejects(write('x', pattern(1), 'nowhere'), /there is no container nowhere/)
    await assert.rejects(ask('has-object', id('x', 'nowhere')), /there is no container nowhere/)
  })

  test('a component without a link reaches nothing', async () => {
    await assert.rejects(blobsOf(provider, 'stranger').ask('container-exists', 'box'), /stranger has no link/)
  })
}
