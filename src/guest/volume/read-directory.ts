import type { Dir } from 'node:fs'
import { opendir } from 'node:fs/promises'
import type { Anchor } from './anchor.ts'
import { FileError } from './file-error.ts'
import { type FileType, typeOf } from './file-status.ts'
import { textFrom } from './locate.ts'
import type { OpenNode } from './open-node.ts'

/** What a directory has of one of its entries. */
export interface DirectoryEntry {
  readonly type: FileType
  readonly name: string
}

/** Entries that are asked of the system at a time. */
const bufferSize = 64

/** The entries of an open directory as they come, without `.` and `..`. Close it; it is closed at its end, too. */
export class DirectoryReader {
  readonly #anchor: Anchor
  readonly #opening: Promise<Dir>
  #end: Promise<void> | undefined

  constructor(node: OpenNode) {
    this.#anchor = node.directory().retain()
    // Names are bytes: latin1 keeps each of them as it is.
    this.#opening = opendir(this.#anchor.self, { encoding: 'latin1', bufferSize })
    this.#opening.catch(() => {})
  }

  /** The next entry; undefined at the end. */
  async next(): Promise<DirectoryEntry | undefined> {
    try {
      const directory = await this.#opening
      if (this.#end) return undefined
      const entry = await directory.read()
      if (entry) return { type: typeOf(entry), name: textFrom(Buffer.from(entry.name, 'latin1')) }
      await this.close()
      return undefined
    } catch (error) {
      throw FileError.from(error)
    }
  }

  close(): Promise<void> {
    this.#end ??= this.#close()
    return this.#end
  }

  /** The directory itself stays open until then: entries of unknown type are looked up in it. */
  async #close(): Promise<void> {
    try {
      await (await this.#opening).close()
    } catch {
      // It was never opened.
    } finally {
      this.#anchor.release()
    }
  }
}
