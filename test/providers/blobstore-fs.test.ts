import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import blobstoreFs from '../../providers/blobstore-fs.ts'
import type { Provider } from '../../src/provider.ts'
import { blobsOf, blobstoreContract, blobstoreLink } from './blobstore-contract.ts'
import { keyvalueContext } from './keyvalue-contract.ts'

describe('blobs in a folder', () => {
  let folder: string
  let provider: Provider
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weft-blobs-'))
    provider = await blobstoreFs.start(keyvalueContext({ id: 'blobs' }))
    await provider.putLink(blobstoreLink('hello', { root: join(folder, 'root') }))
  })
  after(async () => {
    await provider.stop()
    await rm(folder, { recursive: true })
  })

  blobstoreContract(() => provider)

  test('no name leads out of the root, and files that were there are objects', async () => {
    const { ask, write, read } = blobsOf(() => provider)
    for (const name of ['..', '../..', '/etc', '.', '../secret']) await ask('create-container', name)
    await writeFile(join(folder, 'secret'), 'no')
    await ask('create-container', 'box')
    await write('../../secret', Buffer.from('mine'))
    assert.equal(await readFile(join(folder, 'secret'), 'utf8'), 'no')
    assert.deepEqual((await readdir(folder)).sort(), ['root', 'secret'])
    await writeFile(join(folder, 'root', 'box', 'plain.txt'), 'there')
    assert.equal(Buffer.from(await read('plain.txt')).toString(), 'there')
  })

  test('a root that is none is refused with an example', async () => {
    for (const config of [{}, { root: 'relative' }])
      await assert.rejects(provider.putLink(blobstoreLink('bad', config as Record<string, string>)), {
        code: 'invalid',
        message: /`root`: expected the absolute path of a folder such as \/var\/lib\/blobs, got/,
      })
  })
})
