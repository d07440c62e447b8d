import { WeftError } from '../errors.ts'
import { tellEveryBytes } from './flow.ts'
import { maxChannelBytes } from './limits.ts'

const nothing = Buffer.alloc(0)

/**
 * The bytes of one subject of a call as they arrive. Message boundaries mean nothing; an empty message is the end.
 * One reader at a time.
 */
export class Channel {
  #buffer: Buffer = nothing
  #queue: Buffer[] = []
  #length = 0
  #ended = false
  #discarded = false
  #error: WeftError | undefined
  #wake: (() => void) | undefined
  #read = 0
  #told = 0
  /** Told from time to time how many bytes have been read in all, as long as more may come; undefined: nobody reads on. */
  onRead: ((total: number | undefined) => void) | undefined

  /** How many bytes wait to be read. */
  get length(): number {
    return this.#length
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Why the peer ended it, when it said so. */
  get error(): WeftError | undefined {
    return this.#error
  }

  push(data: Uint8Array): void {
    if (this.#ended || this.#discarded || this.#error) return
    if (this.#length + data.length > maxChannelBytes) {
      this.fail(
        new WeftError(
          'exhausted',
          `more than ${maxChannelBytes} bytes arrived on a stream that nobody reads`,
        ),
      )
      return
    }
    this.#queue.push(Buffer.from(data.buffer, data.byteOffset, data.length))
    this.#length += data.length
    this.#wake?.()
  }

  /** The peer ended it, with an error if it failed. What came before can still be read. */
  end(error?: WeftError): void {
    if (this.#ended) return
    this.#ended = true
    this.#error ??= error
    this.#wake?.()
  }

  /** Ends it here and now; what came before is lost. */
  fail(error: WeftError): void {
    if (this.#error !== undefined && this.#ended) return
    this.#error = error
    this.#ended = true
    this.#drop()
    this.#wake?.()
  }

  /** Its reader wants no more, although more may come. */
  leave(): void {
    if (!this.#ended) this.onRead?.(undefined)
  }

  /** Nobody reads it any more: what still arrives is dropped. */
  discard(): void {
    this.#discarded = true
    this.#drop()
  }

  /** Waits until so many bytes are here, or all that will ever come. */
  async atLeast(bytes: number): Promise<void> {
    while (this.#length < bytes && !this.#ended) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
      this.#wake = undefined
    }
  }

  /** All bytes that wait, in one piece; they stay until they are consumed. */
  peek(): Buffer {
    if (this.#queue.length > 0) {
      this.#buffer =
        this.#buffer.length === 0 && this.#queue.length === 1
          ? (this.#queue[0] ?? nothing)
          : Buffer.concat([this.#buffer, ...this.#queue])
      this.#queue = []
    }
    return this.#buffer
  }

  /** Takes bytes off the front, of those that `peek` has shown. */
  consume(bytes: number): void {
    this.#buffer = this.#buffer.subarray(bytes)
    this.#length -= bytes
    this.#read += bytes
    if (this.#ended || this.#read - this.#told < tellEveryBytes) return
    this.#told = this.#read
    this.onRead?.(this.#read)
  }

  #drop(): void {
    this.#buffer = nothing
    this.#queue = []
    this.#length = 0
  }
}
