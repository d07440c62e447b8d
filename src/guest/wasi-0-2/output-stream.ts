import type { Life } from '../../component/life.ts'
import { giveAway } from '../../given-bytes.ts'
import type { InputStream } from './input-stream.ts'
import { Pollable } from './pollable.ts'
import { type Readiness, throwIfOver, waitForOne } from './readiness.ts'

/** Where an output stream's bytes go. It is ready when it has room, or when writing would fail. */
export interface ByteSink extends Readiness {
  /** How many bytes it takes now; throws the stream error when it takes no more, ever. */
  room(): number
  /** Takes bytes, at most `room()` of them, and keeps them: the caller gives them away. */
  put(bytes: Uint8Array): void
  /** From now on it has no room until all that it took is where it goes; without this it is there once it is taken. */
  flush?(): void
  /** The guest dropped the stream. */
  release(): void
}

/** Zeroes are written in pieces of this size. */
const zeroesSize = 64 * 1024

/**
 * `wasi:io/streams` resource `output-stream`. A body's bytes are flushed when the sink has taken them: its bound is what
 * makes a writer wait for a slow reader.
 */
export class OutputStream {
  readonly #sink: ByteSink
  readonly #life: Life

  constructor(sink: ByteSink, life: Life) {
    this.#sink = sink
    this.#life = life
  }

  checkWrite(): bigint {
    return BigInt(this.#sink.room())
  }

  write(contents: Uint8Array): void {
    const room = this.#sink.room()
    if (contents.byteLength > room) throw overrun(contents.byteLength, room)
    this.#sink.put(giveAway(contents))
  }

  blockingWriteAndFlush(contents: Uint8Array): Promise<void> | undefined {
    throwIfOver(this.#life)
    if (!this.#sink.isReady() || contents.byteLength > this.#sink.room()) return this.#putAll(contents)
    this.#sink.put(giveAway(contents))
    return this.#sink.flush && this.blockingFlush()
  }

  flush(): void {
    this.#sink.room()
    this.#sink.flush?.()
  }

  blockingFlush(): Promise<void> | undefined {
    this.flush()
    if (!this.#sink.flush) return undefined
    const waiting = waitForOne([this.#sink], this.#life.signal)
    if (waiting) return waiting.then(() => void this.#sink.room())
    this.#sink.room()
    return undefined
  }

  writeZeroes(length: bigint): void {
    const room = this.#sink.room()
    if (length > BigInt(room)) throw overrun(length, room)
    this.#sink.put(new Uint8Array(Number(length)))
  }

  async blockingWriteZeroesAndFlush(length: bigint): Promise<void> {
    for (let left = length; left > 0n; left -= BigInt(zeroesSize)) {
      await this.blockingWriteAndFlush(new Uint8Array(left < zeroesSize ? Number(left) : zeroesSize))
    }
  }

  splice(source: InputStream, length: bigint): bigint {
    const room = this.#sink.room()
    const bytes = source.pass(length < room ? length : BigInt(room))
    if (bytes.byteLength > 0) this.#sink.put(bytes)
    return BigInt(bytes.byteLength)
  }

  async blockingSplice(source: InputStream, length: bigint): Promise<bigint> {
    await waitForOne([this.#sink], this.#life.signal)
    await source.whenReady()
    return this.splice(source, length)
  }

  subscribe(): Pollable {
    return new Pollable(this.#sink, this.#life.signal)
  }

  async #putAll(contents: Uint8Array): Promise<void> {
    for (let left = contents; left.byteLength > 0; ) {
      await waitForOne([this.#sink], this.#life.signal)
      const room = this.#sink.room()
      this.#sink.put(left.subarray(0, room))
      left = left.subarray(room)
    }
    if (this.#sink.flush) await this.blockingFlush()
  }

  [Symbol.dispose](): void {
    this.#sink.release()
  }
}

/** Writing more than `check-write` allowed is a fault of the guest, for which WASI asks a trap. */
function overrun(length: number | bigint, room: number): Error {
  return new Error(`wasi:io/streams write of ${length} bytes where check-write allowed ${room}`)
}
