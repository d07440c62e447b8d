import type { HeldOpen } from '../held-open.ts'
import { FileError } from '../volume/file-error.ts'
import type { OpenNode } from '../volume/open-node.ts'
import type { ByteSource } from './input-stream.ts'
import { streamClosed, streamFailed } from './io-error.ts'
import { Bell } from './readiness.ts'

/** Read ahead at first, and at most: a guest that reads on is read for in larger pieces. */
const firstPiece = 16 * 1024
const largestPiece = 256 * 1024

/** The bytes of a file from an offset on; the node is its own, to be closed by it. Nothing is read before somebody asks, and one piece at a time. */
export class FileSource implements ByteSource {
  readonly #node: OpenNode
  readonly #files: HeldOpen
  readonly #bell = new Bell()
  #offset: bigint
  #piece = firstPiece
  #state: 'idle' | 'reading' | 'ended' = 'idle'
  #chunk: Uint8Array = new Uint8Array(0)
  #failure: FileError | undefined

  constructor(node: OpenNode, offset: bigint, files: HeldOpen) {
    this.#node = node
    this.#offset = offset
    this.#files = files
    files.add(this)
  }

  isReady(): boolean {
    if (this.#chunk.byteLength > 0) return true
    if (this.#state === 'idle') {
      this.#state = 'reading'
      void this.#read()
    }
    return this.#state === 'ended'
  }

  onChange(wake: () => void): () => void {
    return this.#bell.onChange(wake)
  }

  take(most: number): Uint8Array {
    if (!this.isReady()) return new Uint8Array(0)
    if (this.#chunk.byteLength === 0) throw this.#ended()
    const taken = this.#chunk.subarray(0, most)
    this.#chunk = this.#chunk.subarray(taken.byteLength)
    return taken
  }

  release(): void {
    this.#files.close(this)
  }

  close(): void {
    this.#node.close()
    this.#state = 'ended'
    this.#chunk = new Uint8Array(0)
  }

  async #read(): Promise<void> {
    try {
      const bytes = await this.#node.read(BigInt(this.#piece), this.#offset)
      if (this.#state !== 'reading') return
      this.#offset += BigInt(bytes.byteLength)
      this.#piece = Math.min(2 * this.#piece, largestPiece)
      this.#chunk = bytes
      this.#state = bytes.byteLength === 0 ? 'ended' : 'idle'
    } catch (error) {
      this.#failure = FileError.from(error)
      this.#state = 'ended'
    }
    this.#bell.ring()
  }

  /** A failure is told once, the stream is closed then. */
  #ended(): Error {
    const failure = this.#failure
    this.#failure = undefined
    return failure ? streamFailed(failure.message, { file: failure.code }) : streamClosed()
  }
}
