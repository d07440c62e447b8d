import { WeftError } from '../errors.ts'
import type { ByteReader } from './byte-reader.ts'
import { Channel } from './channel.ts'
import type { FutureCodec, StreamCodec } from './codec-async.ts'
import type { TellRead } from './flow.ts'
import { maxChannels } from './limits.ts'
import { readValue } from './read-value.ts'
import { StreamReader } from './stream-reader.ts'

/**
 * What arrives for one call in one direction: its root value and, by their paths (`0`, `0.1`), its streams and futures.
 * Channels come into being with their first message or their first reader, whichever is first.
 */
export class Channels {
  readonly root = new Channel()
  readonly #nested: Map<string, Channel> | undefined
  /** Where the sender of the streams is told how far they have been read; undefined where it would not understand. */
  tellRead: TellRead | undefined
  #idle: PromiseWithResolvers<void> | undefined
  #open = 0
  #error: WeftError | undefined

  /** `nested` is whether the type can hold streams or futures: if not, only the root is listened to. */
  constructor(options: { readonly nested: boolean }) {
    this.#nested = options.nested ? new Map() : undefined
  }

  /** How many streams and futures have been handed out and not come to their end. */
  get open(): number {
    return this.#open
  }

  /** Settles when all streams and futures that were handed out have come to their end, or everything has failed. */
  get idle(): Promise<void> {
    this.#idle ??= Promise.withResolvers<void>()
    if (this.#open === 0 || this.#error) this.#idle.resolve()
    return this.#idle.promise
  }

  /** Takes in a message; `path` is '' for the root. An empty one ends its channel. */
  receive(path: string, data: Uint8Array, error: WeftError | undefined): void {
    const channel = path === '' ? this.root : this.#nested && this.#channel(path)
    if (channel === undefined) return
    if (data.length === 0) channel.end(error)
    else channel.push(data)
  }

  /** Ends everything with this error. */
  fail(error: WeftError): void {
    this.#error = error
    this.root.fail(error)
    for (const channel of this.#nested?.values() ?? []) channel.fail(error)
    // Who never reads a stream does not see it fail either.
    this.#idle?.resolve()
  }

  /** A stream that `reader` found announced at its path. */
  stream(codec: StreamCodec, reader: ByteReader): AsyncIterable<unknown> {
    const path = [...reader.path]
    const channel = this.#channel(path.join('.'))
    reader.whenRead.push(() => this.#begin())
    return new StreamReader({
      channel,
      channels: this,
      codec,
      path,
      done: (how) => {
        if (how === 'left') channel.leave()
        this.#end(channel)
      },
    })
  }

  /** A future that `reader` found announced at its path. */
  future(codec: FutureCodec, reader: ByteReader): Promise<unknown> {
    const path = [...reader.path]
    const channel = this.#channel(path.join('.'))
    const { promise, resolve } = Promise.withResolvers<unknown>()
    reader.whenRead.push(() => {
      this.#begin()
      const value = readValue({ channel, channels: this, codec: codec.element, path })
      // What a future holds may go on with the same channel, so this must not discard it.
      resolve(value.finally(() => this.#end(undefined)))
    })
    // A receiver that never looks at the future must not bring the process down.
    promise.catch(() => {})
    return promise
  }

  #channel(path: string): Channel {
    if (this.#nested === undefined) throw new WeftError('internal', 'a stream was read where none can be')
    const known = this.#nested.get(path)
    if (known !== undefined) return known
    if (this.#nested.size >= maxChannels) {
      throw new WeftError('exhausted', `more than ${maxChannels} streams and futures in one call`)
    }
    const made = new Channel()
    made.onRead = (total) => this.tellRead?.(path, total)
    if (this.#error) made.fail(this.#error)
    this.#nested.set(path, made)
    return made
  }

  #begin(): void {
    this.#open++
  }

  #end(channel: Channel | undefined): void {
    channel?.discard()
    this.#open--
    if (this.#open === 0) this.#idle?.resolve()
  }
}
