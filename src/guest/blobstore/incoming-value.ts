import { guestError } from '../../capability/guest-error.ts'
import { WeftError } from '../../errors.ts'
import { IncomingBytes } from '../wasi-0-2/incoming-bytes.ts'
import { InputStream } from '../wasi-0-2/input-stream.ts'
import type { StreamEnd } from './call-blobstore.ts'

/** The most that a guest may take in one piece: as much as a list may be that crosses its border by default. */
const mostInOnePiece = 64 * 1024 * 1024

export interface IncomingParts {
  readonly bytes: AsyncIterable<Uint8Array>
  /** How the bytes ended; a stream that was cut off looks like its end otherwise. */
  readonly ended: Promise<StreamEnd>
  readonly sizeOf: () => Promise<bigint>
}

/** `wasi:blobstore/types` resource `incoming-value`: an object's bytes, which come as the guest asks for them. */
export class IncomingValue {
  readonly #parts: IncomingParts
  readonly #signal: AbortSignal
  #isConsumed = false

  constructor(parts: IncomingParts, signal: AbortSignal) {
    this.#parts = parts
    this.#signal = signal
    // Who drops the value early does not ask how it would have ended.
    parts.ended.catch(() => {})
  }

  static async incomingValueConsumeSync(value: IncomingValue): Promise<Uint8Array> {
    const chunks: Uint8Array[] = []
    let length = 0
    try {
      for await (const chunk of value.#consume()) {
        length += chunk.byteLength
        if (length > mostInOnePiece)
          throw new WeftError(
            'exhausted',
            `the object is longer than ${mostInOnePiece} bytes: read it as a stream`,
          )
        chunks.push(chunk)
      }
    } catch (error) {
      throw guestError(WeftError.from(error).message)
    }
    return Buffer.concat(chunks)
  }

  static incomingValueConsumeAsync(value: IncomingValue): InputStream {
    const bytes = new IncomingBytes(value.#consume(), value.#signal)
    const source = {
      isReady: () => bytes.isReady(),
      onChange: (wake: () => void) => bytes.onChange(wake),
      take: (most: number) => bytes.take(most),
      keep: () => bytes.keep(),
      release: () => bytes.cancel(),
    }
    return new InputStream(source, value.#signal)
  }

  size(): Promise<bigint> {
    return this.#parts.sizeOf()
  }

  [Symbol.dispose](): void {
    if (this.#isConsumed) return
    this.#isConsumed = true
    // The sender is told that nobody reads; what it says to that is its own concern.
    this.#parts.bytes[Symbol.asyncIterator]()
      .return?.()
      .then(undefined, () => {})
  }

  #consume(): AsyncGenerator<Uint8Array> {
    this.#isConsumed = true
    return whole(this.#parts)
  }
}

/** The bytes, and a failure when they ended before their end. */
async function* whole({ bytes, ended }: IncomingParts): AsyncGenerator<Uint8Array> {
  yield* bytes
  const end = await ended
  if (end.tag === 'err') throw new WeftError('unavailable', end.val)
}
