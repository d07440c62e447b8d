import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileBlobs } from '../../providers/blobstore-fs/store.ts'
import type { Invoke } from '../../src/call/call.ts'
import { type BlobStore, serveBlobstore } from '../../src/capability/blobstore-serve.ts'
import { WeftError } from '../../src/errors.ts'
import type { GuestComponent } from '../../src/guest/component.ts'
import { fakeServices, fetchFrom, openGuests } from '../support/guest.ts'

describe('a component that keeps blobs', () => {
  let guests: Awaited<ReturnType<typeof openGuests>>
  let component: GuestComponent
  let folder: string
  let store: BlobStore
  before(async () => {
    guests = await openGuests()
    component = await guests.load('test/guests/blobs-p2/blobs-p2.wasm')
    folder = await mkdtemp(join(tmpdir(), 'weft-blobs-'))
    store = fileBlobs(folder)
  })
  after(async () => {
    await guests.close()
    await rm(folder, { recursive: true })
  })

  const ask = async (path: string, options: { invoke?: Invoke; body?: AsyncIterable<Uint8Array> } = {}) => {
    const invoke = options.invoke ?? serveBlobstore(() => store)
    const services = fakeServices({ invoke })
    const method = options.body ? 'put' : 'get'
    const { response, text } = await fetchFrom(component, path, { services, method, ...options })
    return response.status === 200 ? text : `${response.status} ${text}`
  }
  async function* body(chunks: number, size: number) {
    for (let at = 0; at < chunks; at += 1) yield new Uint8Array(size).fill(97 + (at % 26))
  }

  test('makes containers and asks after them', async () => {
    assert.equal(await ask('/create?box'), 'box')
    assert.equal(await ask('/exists?box'), 'true')
    assert.match(await ask('/info?box'), /^box \d{10}$/)
    assert.equal(await ask('/exists?none'), 'false')
    assert.equal(await ask('/info?none'), '500 there is no container none')
  })

  test('streams a body into an object and an object into a body, more than fits between them', async () => {
    assert.equal(await ask('/put?box&big', { body: body(40, 100_000) }), '4000000 bytes')
    const text = await ask('/get?box&big')
    assert.equal(text.length, 4_000_000)
    assert.equal(text.slice(99_998, 100_002), 'aabb')
    assert.match(await ask('/object?box&big'), /^box\/big 4000000 \d{10}$/)
  })

  test('reads a range, knows its size, and takes it in one piece', async () => {
    await ask('/put?box&abc', { body: body(3, 2) })
    assert.equal(await ask('/get?box&abc&1&3'), 'abb')
    assert.equal(await ask('/sync?box&abc&2&99'), 'bbcc')
    assert.equal(await ask('/size?box&abc'), '6')
    assert.equal(await ask('/size?box&abc&4&99'), '2')
    assert.equal(await ask('/size?box&abc&9&99'), '0')
    assert.equal(await ask('/get?box&abc&3&1'), '500 range 3 to 1: the start is behind the end')
    assert.equal(await ask('/get?box&none'), '500 there is no object none in container box')
  })

  test('lists names so many at a time, after so many', async () => {
    await ask('/create?list')
    for (let at = 0; at < 8; at += 1) await ask(`/put?list&n${at}`, { body: body(1, 1) })
    const [after0 = '', ...names] = (await ask('/list?list')).split(' ').filter((word) => word !== 'after')
    assert.equal(after0, '0:')
    assert.deepEqual(
      names.sort(),
      Array.from({ length: 8 }, (_, at) => `n${at}`),
    )
    assert.equal((await ask('/skip?list&5')).split(' ').length, 2 + 3)
    assert.equal(await ask('/skip?list&50'), 'after 8:')
  })

  test('copies, moves, removes and clears', async () => {
    await ask('/create?other')
    await ask('/put?box&one', { body: body(1, 3) })
    assert.equal(await ask('/copy?box&one&other&two'), 'copied')
    assert.equal(await ask('/get?other&two'), 'aaa')
    assert.equal(await ask('/move?box&one&other&three'), 'moved')
    assert.equal(await ask('/has?box&one'), 'false')
    assert.equal(await ask('/has?other&three'), 'true')
    assert.equal(await ask('/remove?other&two'), 'removed')
    assert.equal(await ask('/remove?other&three&never'), 'removed')
    assert.equal(await ask('/list?other'), 'after 0:')
    assert.equal(await ask('/clear?box'), 'cleared')
    assert.equal(await ask('/list?box'), 'after 0:')
    assert.equal(await ask('/delete?other'), 'deleted')
    assert.equal(await ask('/exists?other'), 'false')
  })

  test('a value that is dropped unfinished leaves the object as it was', async () => {
    await ask('/put?box&kept', { body: body(1, 3) })
    assert.equal(await ask('/drop?box&kept'), 'dropped')
    assert.equal(await ask('/get?box&kept'), 'aaa')
  })

  test('a write that fails in the store fails its `finish`', async () => {
    const full: BlobStore = {
      ...store,
      async write(_, data) {
        for await (const _chunk of data) throw new Error('the disk is full')
      },
    }
    const invoke = serveBlobstore(() => full)
    assert.equal(await ask('/put?box&x', { invoke, body: body(10, 100_000) }), '500 the disk is full')
  })

  test('an object that breaks off while it is read breaks the answer off', async () => {
    const broken: BlobStore = {
      ...store,
      async read() {
        return (async function* () {
          yield new Uint8Array(10)
          throw new Error('the disk is gone')
        })()
      },
    }
    const invoke = serveBlobstore(() => broken)
    assert.equal(await ask('/sync?box&x', { invoke }), '500 the disk is gone')
    await assert.rejects(ask('/get?box&x', { invoke }))
  })

  test('where nobody answers to 0.2.0, 0.1.0 is asked, whose streams say nothing of their end', async () => {
    const asked: string[] = []
    const newer = serveBlobstore(() => store)
    const invoke: Invoke = async (call) => {
      asked.push(call.operation.interface)
      if (call.operation.interface.endsWith('@0.2.0')) throw new WeftError('not_found', 'nobody serves it')
      const result = (await newer(call)) as { tag: 'ok' | 'err'; val: unknown }
      if (result.tag === 'err') return result
      const { name } = call.operation.function
      if (name === 'get-container-data' || name === 'list-container-objects')
        return { tag: 'ok', val: (result.val as unknown[])[0] }
      return name === 'write-container-data' ? { tag: 'ok', val: void (await result.val) } : result
    }
    assert.equal(await ask('/create?old', { invoke }), 'old')
    assert.equal(await ask('/list?old', { invoke }), 'after 0:')
    assert.equal(await ask('/get?old&none', { invoke }), '500 there is no object none in container old')
    assert.equal(await ask('/put?old&there', { invoke, body: body(2, 100_000) }), '200000 bytes')
    assert.equal(await ask('/get?old&there&99999&100000', { invoke }), 'ab')
    assert.deepEqual(
      [...new Set(asked)],
      ['wrpc:blobstore/blobstore@0.2.0', 'wrpc:blobstore/blobstore@0.1.0'],
    )
    const away: Invoke = () => Promise.reject(new WeftError('not_found', 'nobody serves it'))
    assert.equal(await ask('/exists?old', { invoke: away }), '500 nobody serves it')
  })
})
