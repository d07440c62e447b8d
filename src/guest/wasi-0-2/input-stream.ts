import { streamClosed } from './io-error.ts'
import { Pollable } from './pollable.ts'
import { alwaysReady, type Readiness, waitForOne } from './readiness.ts'

/** Where an input stream's bytes come from. */
export interface ByteSource extends Readiness {
  /** Up to `most` bytes, none when there are none yet; throws the stream error when there are no more to come. */
  take(most: number): Uint8Array
  /** What it gave last goes on as it is, not as a copy in a guest: it must stay what it is. */
  keep?(): void
  /** The guest dropped the stream. */
  release(): void
}

/** What an input stream gives at once; more would have to be copied into the guest in one go. */
const mostBytesPerRead = 1024 * 1024

/** `wasi:io/streams` resource `input-stream`. */
export class InputStream {
  readonly #source: ByteSource
  readonly #signal: AbortSignal

  constructor(source: ByteSource, signal: AbortSignal) {
    this.#source = source
    this.#signal = signal
  }

  read(length: bigint): Uint8Array {
    return this.#source.take(atMost(length))
  }

  /** For the host: reads bytes that go on as they are. */
  pass(length: bigint): Uint8Array {
    const bytes = this.read(length)
    this.#source.keep?.()
    return bytes
  }

  blockingRead(length: bigint): Uint8Array | Promise<Uint8Array> {
    const waiting = this.whenReady()
    return waiting ? waiting.then(() => this.read(length)) : this.read(length)
  }

  skip(length: bigint): bigint {
    return BigInt(this.read(length).byteLength)
  }

  blockingSkip(length: bigint): bigint | Promise<bigint> {
    const waiting = this.whenReady()
    return waiting ? waiting.then(() => this.skip(length)) : this.skip(length)
  }

  subscribe(): Pollable {
    return new Pollable(this.#source, this.#signal)
  }

  /** For the host: waits until there are bytes or an end; nothing when that is so already. */
  whenReady(): Promise<void> | undefined {
    return waitForOne([this.#source], this.#signal)
  }

  [Symbol.dispose](): void {
    this.#source.release()
  }
}

/** Input that ends before it began: stdin. */
export const noInput: ByteSource = {
  ...alwaysReady,
  take() {
    throw streamClosed()
  },
  release() {},
}

function atMost(length: bigint): number {
  return length > mostBytesPerRead ? mostBytesPerRead : Number(length)
}
