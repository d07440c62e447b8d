import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream, type Stats } from 'node:fs'
import { copyFile, mkdir, opendir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { BlobStore, ObjectId } from '../../src/capability/blobstore-serve.ts'
import { WeftError } from '../../src/errors.ts'
import { fileNameOf, nameOfFile } from './file-name.ts'

const namesPerPage = 100

/** Containers as folders under `root`, objects as files in them. */
export function fileBlobs(root: string): BlobStore {
  const folderOf = (container: string) => join(root, fileNameOf(container))
  const opened = async (container: string) => {
    const folder = folderOf(container)
    const found = await statOf(folder)
    if (found?.isDirectory() === true) return { folder, found }
    throw new WeftError('not_found', `there is no container ${container}`)
  }
  const pathOf = async ({ container, object }: ObjectId) =>
    join((await opened(container)).folder, fileNameOf(object))
  const found = async (id: ObjectId) => {
    const path = await pathOf(id)
    const file = await statOf(path)
    if (file?.isFile() === true) return { path, file }
    throw new WeftError('not_found', `there is no object ${id.object} in container ${id.container}`)
  }
  /** Makes a file aside and puts it in its place at once. */
  const replace = async (id: ObjectId, make: (draft: string) => Promise<void>) => {
    const path = await pathOf(id)
    const draft = join(folderOf(id.container), `.${randomUUID()}.new`)
    try {
      await make(draft)
      await rename(draft, path)
    } catch (error) {
      await rm(draft, { force: true })
      throw error
    }
  }
  return {
    async createContainer(name) {
      await mkdir(folderOf(name), { recursive: true })
    },
    containerExists: async (name) => (await statOf(folderOf(name)))?.isDirectory() === true,
    async deleteContainer(name) {
      await rm((await opened(name)).folder, { recursive: true })
    },
    async clearContainer(name) {
      const { folder } = await opened(name)
      for await (const { name: file } of await opendir(folder))
        if (nameOfFile(file) !== undefined) await rm(join(folder, file), { recursive: true, force: true })
    },
    containerCreated: async (name) => seconds((await opened(name)).found),
    listObjects: (name) => names(folderOf(name)),
    hasObject: async (id) => (await statOf(await pathOf(id)))?.isFile() === true,
    async objectInfo(id) {
      const { file } = await found(id)
      return { createdAt: seconds(file), size: BigInt(file.size) }
    },
    async deleteObject(id) {
      await rm(await pathOf(id), { force: true })
    },
    async copyObject(from, to) {
      const { path } = await found(from)
      await replace(to, (draft) => copyFile(path, draft))
    },
    async read(id, { start, end }) {
      const { path, file } = await found(id)
      const last = BigInt(file.size) - 1n
      if (start > last) return Readable.from([])
      return createReadStream(path, { start: Number(start), end: Number(end < last ? end : last) })
    },
    write: (id, data) => replace(id, (draft) => pipeline(Readable.from(data), createWriteStream(draft))),
  }
}

async function* names(folder: string): AsyncGenerator<readonly string[]> {
  let page: string[] = []
  for await (const file of await opendir(folder)) {
    const name = file.isFile() ? nameOfFile(file.name) : undefined
    if (name !== undefined) page.push(name)
    if (page.length < namesPerPage) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}

function seconds(found: Stats): bigint {
  return BigInt(Math.floor((found.birthtimeMs || found.mtimeMs) / 1000))
}

async function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })
}
