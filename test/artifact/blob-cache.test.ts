import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { BlobCache } from '../../src/artifact/blob-cache.ts'
import { digestOf } from '../../src/claims/digest.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-blobs-'))
})
after(() => rm(folder, { recursive: true, force: true }))

test('above its size the cache forgets what was not used for longest', async () => {
  const cache = new BlobCache(folder, 250)
  const blobs = ['a', 'b', 'c'].map((letter) => Buffer.alloc(100, letter))
  const [a = '', b = '', c = ''] = await Promise.all(blobs.map(digestOf))
  for (const [at, digest] of [a, b].entries()) {
    await cache.put(digest, blobs[at] ?? Buffer.alloc(0))
    await utimes(join(folder, 'blobs', digest.replace(':', '-')), at + 1, at + 1)
  }
  await cache.get(a)
  await cache.put(c, blobs[2] ?? Buffer.alloc(0))
  assert.deepEqual(
    (await readdir(join(folder, 'blobs'))).toSorted(),
    [a, c].map((one) => one.replace(':', '-')).toSorted(),
  )
  assert.equal(await cache.get(b), undefined)
})

test('a tag is remembered, another is not known', async () => {
  const cache = new BlobCache(folder)
  await cache.putTag('ghcr.io/acme/x:1', 'sha256:1')
  assert.equal(await cache.tagged('ghcr.io/acme/x:1'), 'sha256:1')
  assert.equal(await cache.tagged('ghcr.io/acme/x:2'), undefined)
})
