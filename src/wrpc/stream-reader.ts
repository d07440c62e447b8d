import { ByteReader, needMore } from './byte-reader.ts'
import type { Channel } from './channel.ts'
import type { Channels } from './channels.ts'
import type { StreamCodec } from './codec-async.ts'
import { maxValueBytes } from './limits.ts'
import { tooShort, tryRead } from './read-value.ts'

export interface StreamReaderOptions {
  readonly channel: Channel
  readonly channels: Channels
  readonly codec: StreamCodec
  readonly path: readonly number[]
  /** Called once, when the stream has ended or failed, or its reader has left before that. */
  readonly done: (how: 'ended' | 'left') => void
}

/**
 * A stream as its receiver sees it. Gives out what has arrived as soon as whole elements are there: the chunks of the
 * sender are not kept together.
 */
export class StreamReader implements AsyncIterableIterator<unknown> {
  readonly #options: StreamReaderOptions
  #turn: Promise<unknown> = Promise.resolve()
  #leftInChunk = 0
  #index = 0
  #over = false

  constructor(options: StreamReaderOptions) {
    this.#options = options
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    const result = this.#turn.then(() => this.#step())
    this.#turn = result.catch(() => {})
    return result
  }

  /** The receiver wants no more; works on a stream that was never started, too. */
  async return(): Promise<IteratorResult<unknown, undefined>> {
    this.#finish('left')
    return { done: true, value: undefined }
  }

  async #step(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#over) return { done: true, value: undefined }
    try {
      const value = await this.#nextChunk()
      if (value !== undefined) return { done: false, value }
    } catch (thrown) {
      this.#finish('ended')
      throw thrown
    }
    this.#finish('ended')
    return { done: true, value: undefined }
  }

  /** Undefined at the end, which is an empty chunk; some peers only end the channel. */
  async #nextChunk(): Promise<unknown> {
    const { channel, codec } = this.#options
    while (this.#leftInChunk === 0) {
      const header = this.#readHeader()
      if (header !== undefined) {
        if (header === 0) return undefined
        this.#leftInChunk = header
      } else if (channel.ended) {
        if (channel.error) throw channel.error
        if (channel.length > 0) throw tooShort()
        return undefined
      } else {
        await channel.atLeast(channel.length + 1)
        if (this.#over) return undefined
      }
    }
    return codec.bytes ? this.#nextBytes() : this.#nextElements()
  }

  #readHeader(): number | undefined {
    const { channel, channels } = this.#options
    if (channel.length === 0) return undefined
    const reader = new ByteReader(channel.peek(), channels)
    try {
      const count = reader.length('a chunk of a stream')
      channel.consume(reader.position)
      return count
    } catch (thrown) {
      if (thrown === needMore) return undefined
      throw thrown
    }
  }

  async #nextBytes(): Promise<Uint8Array | undefined> {
    const { channel } = this.#options
    await channel.atLeast(1)
    if (this.#over) return undefined
    if (channel.length === 0) throw channel.error ?? tooShort()
    const bytes = channel.peek()
    const taken = bytes.subarray(0, Math.min(bytes.length, this.#leftInChunk))
    channel.consume(taken.length)
    this.#leftInChunk -= taken.length
    return new Uint8Array(taken)
  }

  async #nextElements(): Promise<unknown[] | undefined> {
    const { channel } = this.#options
    for (;;) {
      const { elements, wanted } = this.#readElements()
      if (elements.length > 0) return elements
      if (channel.ended) throw channel.error ?? tooShort()
      await channel.atLeast(Math.max(wanted, channel.length + 1))
      if (this.#over) return undefined
    }
  }

  /** As many whole elements of the current chunk as are here. */
  #readElements(): { readonly elements: unknown[]; readonly wanted: number } {
    const { channel, channels, codec, path } = this.#options
    const elements: unknown[] = []
    while (this.#leftInChunk > 0 && elements.length < maxBatch) {
      const attempt = tryRead({ channel, channels, codec: codec.element, path: [...path, this.#index] })
      if (!attempt.done) return { elements, wanted: attempt.wanted }
      elements.push(attempt.value)
      this.#leftInChunk--
      this.#index++
    }
    return { elements, wanted: 0 }
  }

  #finish(how: 'ended' | 'left'): void {
    if (this.#over) return
    this.#over = true
    this.#options.done(how)
  }
}

/** Elements given out at once: bounds what a chunk that claims billions of empty elements can cost. */
const maxBatch = Math.floor(maxValueBytes / 1024)
