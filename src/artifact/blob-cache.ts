import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { digestOf } from './digest.ts'

/** Content by digest on disk, shared by every process that is given the same folder. */
export class BlobCache {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** The content of a digest; undefined when it is not here or was damaged (then it is removed). */
  async get(digest: string): Promise<Uint8Array | undefined> {
    const bytes = await readFile(this.#blob(digest)).catch(() => undefined)
    if (bytes === undefined || digestOf(bytes) === digest) return bytes
    await rm(this.#blob(digest), { force: true })
    return undefined
  }

  /** Keeps content that was checked against its digest. */
  put(digest: string, bytes: Uint8Array): Promise<void> {
    return this.#write(this.#blob(digest), bytes)
  }

  /** The digest that a tag had when it was last asked for. */
  async tagged(reference: string): Promise<string | undefined> {
    return readFile(this.#tag(reference), 'utf8').catch(() => undefined)
  }

  putTag(reference: string, digest: string): Promise<void> {
    return this.#write(this.#tag(reference), digest)
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
