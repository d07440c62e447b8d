import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { digestOf } from '../claims/digest.ts'

/** Bytes that are kept, over all processes that use the folder. */
const largestCache = 4 * 1024 * 1024 * 1024

/** Content by digest on disk, shared by every process that is given the same folder. */
export class BlobCache {
  readonly #folder: string
  readonly #largest: number

  constructor(folder: string, largest = largestCache) {
    this.#folder = folder
    this.#largest = largest
  }

  /** The content of a digest; undefined when it is not here or was damaged (then it is removed). */
  async get(digest: string): Promise<Uint8Array | undefined> {
    const bytes = await readFile(this.#blob(digest)).catch(() => undefined)
    if (bytes === undefined) return undefined
    if ((await digestOf(bytes)) === digest) {
      await utimes(this.#blob(digest), new Date(), new Date()).catch(() => {})
      return bytes
    }
    await rm(this.#blob(digest), { force: true })
    return undefined
  }

  /** Keeps content that was checked against its digest. */
  async put(digest: string, bytes: Uint8Array): Promise<void> {
    await this.#write(this.#blob(digest), bytes)
    await this.#prune()
  }

  /** The digest that a tag had when it was last asked for. */
  async tagged(reference: string): Promise<string | undefined> {
    return readFile(this.#tag(reference), 'utf8').catch(() => undefined)
  }

  putTag(reference: string, digest: string): Promise<void> {
    return this.#write(this.#tag(reference), digest)
  }

  /** Above its size the cache forgets what was not used for longest. */
  async #prune(): Promise<void> {
    const folder = join(this.#folder, 'blobs')
    const names = await readdir(folder).catch(() => [])
    const files = await Promise.all(
      names.map(async (name) => ({
        path: join(folder, name),
        found: await stat(join(folder, name)).catch(() => undefined),
      })),
    )
    const newest = files
      .flatMap(({ path, found }) => (found ? [{ path, size: found.size, used: found.mtimeMs }] : []))
      .toSorted((a, b) => b.used - a.used)
    let total = 0
    for (const { path, size } of newest) {
      total += size
      if (total > this.#largest) await rm(path, { force: true })
    }
  }

  /** Written beside and renamed, so that nobody reads half of it. */
  async #write(path: string, content: Uint8Array | string): Promise<void> {
    const draft = `${path}.${randomUUID()}.new`
    await mkdir(dirname(path), { recursive: true })
    await writeFile(draft, content)
    await rename(draft, path)
  }

  #blob(digest: string): string {
    return join(this.#folder, 'blobs', digest.replace(':', '-'))
  }

  #tag(reference: string): string {
    return join(this.#folder, 'tags', createHash('sha256').update(reference).digest('hex'))
  }
}
