import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, test } from 'node:test'
import { FileError } from '../../../src/guest/volume/file-error.ts'
import { type OpenRequest, openAt } from '../../../src/guest/volume/open-at.ts'
import { OpenNode, openRoot } from '../../../src/guest/volume/open-node.ts'
import { renameAt, statusAt, symlinkAt } from '../../../src/guest/volume/path-operations.ts'
import { DirectoryReader } from '../../../src/guest/volume/read-directory.ts'

describe('beneath a directory', { timeout: 60_000 }, () => {
  let folder: string
  let root: OpenNode
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weft-beneath-'))
    await mkdir(join(folder, 'volume', 'dir'), { recursive: true })
    await mkdir(join(folder, 'outside'))
    await writeFile(join(folder, 'outside', 'file'), 'not yours')
    await writeFile(join(folder, 'volume', 'dir', 'file'), 'yours')
    root = OpenNode.root(await openRoot(join(folder, 'volume')), 'read-write')
    return async () => rm(folder, { recursive: true, force: true })
  })

  const opening = (path: string, more: Partial<OpenRequest> = {}) =>
    openAt(root, {
      path,
      follow: true,
      create: false,
      directory: false,
      exclusive: false,
      truncate: false,
      read: true,
      write: false,
      sync: 'none',
      ...more,
    })
  const textOf = async (path: string) => {
    const node = await opening(path)
    const bytes = await node.read(100n, 0n)
    node.close()
    return Buffer.from(bytes).toString()
  }
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'ok',
      (error: unknown) => FileError.from(error).code,
    )

  test('no path leads out', async () => {
    await symlink('../outside', join(folder, 'volume', 'link'))
    await symlink(join(folder, 'outside'), join(folder, 'volume', 'absolute'))
    const out = [
      '/etc/passwd',
      '//etc',
      '..',
      '../outside/file',
      'dir/../../outside/file',
      './..',
      'dir/../..',
    ]
    const linked = [
      'link/file',
      'link/',
      'absolute/file',
      'absolute/',
      'link/../volume/dir/file',
      'dir/../link/file',
    ]
    for (const path of [...out, ...linked]) {
      assert.equal(await codeOf(opening(path)), 'not-permitted', path)
      assert.equal(await codeOf(opening(path, { write: true, create: true })), 'not-permitted', path)
      assert.equal(await codeOf(statusAt({ base: root, path, follow: true })), 'not-permitted', path)
    }
    assert.equal(await codeOf(opening('')), 'no-entry')
    assert.equal(await codeOf(opening('dir/fi\0le')), 'invalid')
    assert.equal(await codeOf(opening('a/'.repeat(3000))), 'name-too-long')
    assert.equal(await codeOf(symlinkAt('/etc', { base: root, path: 'made' })), 'not-permitted')
    assert.equal(await textOf('dir/./../dir//file'), 'yours')
  })

  test('a directory that others swap for a link meanwhile never leads out', async () => {
    let isOver = false
    const volume = join(folder, 'volume')
    const swapping = (async () => {
      while (!isOver) {
        await rename(join(volume, 'dir'), join(volume, 'away'))
        await symlink('../outside', join(volume, 'dir'))
        await rm(join(volume, 'dir'))
        await rename(join(volume, 'away'), join(volume, 'dir'))
      }
    })()
    const seen = new Map<string, number>()
    for (let round = 0; round < 200; round++) {
      const tries = await Promise.all(
        Array.from({ length: 5 }, () =>
          textOf('dir/file').catch((error: unknown) => FileError.from(error).code),
        ),
      )
      for (const one of tries) seen.set(one, (seen.get(one) ?? 0) + 1)
    }
    isOver = true
    await swapping
    seen.delete('no-entry')
    seen.delete('not-permitted')
    seen.delete('not-directory')
    assert.deepEqual([...seen.keys()], ['yours'])
  })

  test('an open directory that was moved out still has no way back up', async () => {
    const dir = await opening('dir', { directory: true })
    await rename(join(folder, 'volume', 'dir'), join(folder, 'moved'))
    assert.equal(
      await codeOf(statusAt({ base: dir, path: '../outside/file', follow: true })),
      'not-permitted',
    )
    assert.equal(await codeOf(statusAt({ base: dir, path: 'file', follow: true })), 'ok')
    dir.close()
  })

  test('whatever the path and the links on it, what is opened lies beneath', async () => {
    const random = randomFrom(42)
    const words = ['dir', 'file', 'l0', 'l1', 'l2', 'l3', '..', '.', '', 'none', 'outside', 'volume']
    const path = () => Array.from({ length: 1 + random(6) }, () => words[random(words.length)]).join('/')
    let opened = 0
    for (let round = 0; round < 60; round++) {
      for (const [at, where] of ['volume', 'volume/dir', 'volume', 'volume/dir'].entries()) {
        const link = join(folder, where, `l${at}`)
        await rm(link, { force: true })
        await symlink(random(8) === 0 ? join(folder, 'outside') : path() || '.', link)
      }
      for (let tries = 0; tries < 40; tries++) {
        const asked = path()
        const node = await opening(asked, { follow: random(2) === 0 }).catch(FileError.from)
        if (node instanceof FileError) continue
        const place = await realpath(node.anchor.self)
        assert.ok(`${place}/`.startsWith(`${folder}/volume/`), `${asked} led to ${place}`)
        node.close()
        opened++
      }
    }
    assert.ok(opened > 50, `${opened} were opened`)
  })

  test('only files and directories are opened, by what stands there', async () => {
    await symlink('file', join(folder, 'volume', 'dir', 'link'))
    assert.equal(await codeOf(opening('dir/link', { follow: false })), 'loop')
    assert.equal(await textOf('dir/link'), 'yours')
    assert.equal(await codeOf(opening('dir', { write: true })), 'is-directory')
    assert.equal(await codeOf(opening('dir/file', { directory: true })), 'not-directory')
    assert.equal(await codeOf(opening('dir/file/')), 'not-directory')
    assert.equal(await codeOf(opening('dir/new/', { create: true, write: true })), 'is-directory')
    assert.equal(await codeOf(opening('dir/file', { create: true, exclusive: true, write: true })), 'exist')
    assert.equal(await codeOf(opening('dir/link', { create: true, exclusive: true, write: true })), 'exist')
    assert.equal(await codeOf(opening('dir/none')), 'no-entry')
    await symlink('none', join(folder, 'volume', 'dangling'))
    assert.equal(await codeOf(opening('dangling')), 'no-entry')
    const made = await opening('dangling', { create: true, write: true })
    await made.write(Buffer.from('made'), 0n)
    made.close()
    assert.equal(await textOf('none'), 'made')
    assert.equal(
      await codeOf(renameAt({ base: root, path: 'none' }, { base: root, path: 'x/' })),
      'not-directory',
    )
  })

  test('a closed node does nothing, what runs on it ends, and no descriptor is left', async () => {
    const before = (await readdir('/proc/self/fd')).length
    const node = await opening('dir/file', { write: true })
    const writing = node.write(Buffer.from('all of it'), 0n)
    node.close()
    await writing
    await assert.rejects(async () => node.read(1n, 0n), { code: 'bad-descriptor' })
    assert.equal(await textOf('dir/file'), 'all of it')
    const reader = new DirectoryReader(root)
    const names = []
    for (let entry = await reader.next(); entry; entry = await reader.next())
      names.push(`${entry.type} ${entry.name}`)
    assert.deepEqual(names, ['directory dir'])
    const early = new DirectoryReader(root)
    await early.close()
    assert.equal(await early.next(), undefined)
    for (let round = 0; round < 20; round++) await codeOf(opening('dir/../dir/../dir/none'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.ok((await readdir('/proc/self/fd')).length <= before)
  })
})

/** The same numbers every time: below `most`. */
function randomFrom(seed: number): (most: number) => number {
  let state = seed
  return (most) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % most
  }
}
