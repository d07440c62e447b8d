import type { HeldOpen } from '../held-open.ts'
import { FileError } from '../volume/file-error.ts'
import type { OpenNode } from '../volume/open-node.ts'
import { streamClosed, streamFailed } from './io-error.ts'
import type { ByteSink } from './output-stream.ts'
import { Bell } from './readiness.ts'

/** What a guest may have written that is not in the file yet. */
const mostPending = 64 * 1024

/**
 * Writes to a file behind the guest's back, in order; `write` puts one piece in its place. The node is its own, to be
 * closed by it.
 */
export class FileSink implements ByteSink {
  readonly #node: OpenNode
  readonly #write: (bytes: Uint8Array) => Promise<void>
  readonly #files: HeldOpen
  readonly #bell = new Bell()
  readonly #waiting: Uint8Array[] = []
  #pending = 0
  #isFlushing = false
  #failure: FileError | undefined
  #isClosed = false
  #isReleased = false

  constructor(node: OpenNode, write: (bytes: Uint8Array) => Promise<void>, files: HeldOpen) {
    this.#node = node
    this.#write = write
    this.#files = files
    files.add(this)
  }

  isReady(): boolean {
    return this.#failure !== undefined || this.#isClosed || this.#free() > 0
  }

  onChange(wake: () => void): () => void {
    return this.#bell.onChange(wake)
  }

  /** Throws the failure of an earlier write, once; the stream is closed then. */
  room(): number {
    const failure = this.#failure
    if (failure) {
      this.#failure = undefined
      this.#isClosed = true
      throw streamFailed(failure.message, { file: failure.code })
    }
    if (this.#isClosed) throw streamClosed()
    return this.#free()
  }

  put(bytes: Uint8Array): void {
    this.#pending += bytes.byteLength
    this.#waiting.push(bytes)
    if (this.#waiting.length === 1) void this.#drain()
  }

  /** It has room again once all is in the file. */
  flush(): void {
    this.#isFlushing = this.#pending > 0
  }

  release(): void {
    this.#files.close(this)
  }

  /** What was taken is written all the same. */
  close(): void {
    this.#isReleased = true
    if (this.#waiting.length === 0) this.#node.close()
  }

  #free(): number {
    return this.#isFlushing ? 0 : mostPending - this.#pending
  }

  async #drain(): Promise<void> {
    for (let bytes = this.#waiting[0]; bytes; bytes = this.#waiting[0]) {
      try {
        await this.#write(bytes)
      } catch (error) {
        this.#failure = FileError.from(error)
        this.#waiting.length = 0
        this.#pending = 0
        break
      }
      this.#waiting.shift()
      this.#pending -= bytes.byteLength
      if (!this.#isFlushing) this.#bell.ring()
    }
    this.#isFlushing = false
    if (this.#isReleased) this.#node.close()
    this.#bell.ring()
  }
}
