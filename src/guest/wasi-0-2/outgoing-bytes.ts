import type { GuestError } from '../../capability/guest-error.ts'
import type { ReadyBody } from '../../capability/http.ts'
import type { Life } from '../../component/life.ts'
import { free, giveAway } from '../../given-bytes.ts'
import { streamClosed } from './io-error.ts'
import type { ByteSink } from './output-stream.ts'
import { Bell, lifeError } from './readiness.ts'

/** What a guest may write ahead of its reader, per body: a guest that writes more waits. */
const outgoingBufferSize = 64 * 1024

/** The same bound for many tiny writes, each of which costs more than its bytes. */
const mostChunks = 1024

/**
 * The bytes of a body that goes out: the guest writes, the host iterates. Bounded; whichever side leaves first, the other
 * is told: a reader that returns makes the guest's writes fail with `closed`, a body that breaks off throws at the reader.
 * A reader that never iterates must call `hangUp()`.
 */
export class OutgoingBytes implements ByteSink, ReadyBody {
  readonly #room = new Bell()
  readonly #arrival = new Bell()
  readonly #end = Promise.withResolvers<void>()
  readonly #life: Life
  readonly #cutOff = () => this.#cut(lifeError(this.#life))
  #chunks: Uint8Array[] = []
  #size = 0
  #state: 'open' | 'finished' | 'gone' = 'open'
  #failure: Error | undefined
  /** Bytes taken from the guest so far. */
  written = 0
  /** Looks at each write before it is taken: the error to refuse it with, if any. */
  check: ((total: number) => GuestError | undefined) | undefined

  constructor(life: Life) {
    this.#life = life
    life.onEnd(this.#cutOff)
  }

  /** Resolves when all is over: read to the end, hung up, or failed. */
  get ended(): Promise<void> {
    return this.#end.promise
  }

  /** The guest has neither finished nor lost this body. */
  get isOpen(): boolean {
    return this.#state === 'open'
  }

  isReady(): boolean {
    return this.#state !== 'open' || this.#free() > 0
  }

  onChange(wake: () => void): () => void {
    return this.#room.onChange(wake)
  }

  room(): number {
    if (this.#state !== 'open') throw streamClosed()
    return this.#free()
  }

  put(bytes: Uint8Array): void {
    if (this.#state !== 'open') throw streamClosed()
    const refused = this.check?.(this.written + bytes.byteLength)
    if (refused) throw refused
    if (bytes.byteLength === 0) return
    this.written += bytes.byteLength
    this.#size += bytes.byteLength
    this.#chunks.push(bytes)
    this.#arrival.ring()
  }

  /** Dropping the stream ends nothing: the body does, when it is finished or dropped. */
  release(): void {}

  /** No more bytes will come; the reader gets what is there and then the end. */
  finish(): void {
    if (this.#state !== 'open') return
    this.#state = 'finished'
    // Without bytes left, it does not take a reader to be over.
    if (this.#size === 0) this.hangUp()
    this.#arrival.ring()
    this.#room.ring()
  }

  /** The body breaks off: the reader gets what is there and then `error`. */
  fail(error: Error): void {
    if (this.#state !== 'open') return
    this.#failure = error
    this.finish()
  }

  /** The reader wants no more. */
  hangUp(): void {
    if (this.#state === 'gone') return
    this.#state = 'gone'
    this.#chunks = []
    this.#size = 0
    this.#life.offEnd(this.#cutOff)
    this.#room.ring()
    this.#arrival.ring()
    this.#end.resolve()
  }

  takeWhole(): Uint8Array | undefined {
    if (this.#state === 'open' || this.#failure) return undefined
    const bytes = this.#takeAll()
    this.hangUp()
    return bytes
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: () => this.#next(),
      return: async () => {
        this.hangUp()
        return { done: true, value: undefined }
      },
    }
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    while (this.#size === 0 && this.#state === 'open') {
      await new Promise<void>((resolve) => this.#arrival.once(resolve))
    }
    if (this.#size > 0) return { done: false, value: this.#takeAll() }
    this.hangUp()
    if (this.#failure) throw this.#failure
    return { done: true, value: undefined }
  }

  /** All that is there in one piece: a guest's many small writes cost the network one. */
  #takeAll(): Uint8Array {
    const chunks = this.#chunks
    this.#chunks = []
    const [first] = chunks
    const isOne = first !== undefined && chunks.length === 1
    const bytes = isOne ? first : giveAway(Buffer.concat(chunks))
    if (!isOne) for (const chunk of chunks) free(chunk)
    this.#size = 0
    this.#room.ring()
    return bytes
  }

  #cut(error: Error): void {
    if (this.#state === 'gone') return
    this.#failure = error
    this.hangUp()
  }

  #free(): number {
    return this.#chunks.length >= mostChunks ? 0 : Math.max(0, outgoingBufferSize - this.#size)
  }
}
