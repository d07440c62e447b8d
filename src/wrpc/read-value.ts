import { WeftError } from '../errors.ts'
import { ByteReader, needMore } from './byte-reader.ts'
import type { Channel } from './channel.ts'
import type { Channels } from './channels.ts'
import type { Codec } from './codec.ts'

/** Below this, trying again with each message is cheaper than waiting for more. */
const eagerBytes = 64 * 1024

export interface ReadValueOptions {
  readonly channel: Channel
  readonly channels: Channels
  readonly codec: Codec
  readonly path: readonly number[]
  /** How many more bytes than now are worth another attempt; the wanted ones when absent. */
  readonly patience?: (length: number) => number
}

/**
 * Reads one value as soon as all its bytes are there, and leaves the rest on the channel. Like every promise of a
 * promise, that of a bare future settles with what the future holds.
 */
export async function readValue(options: ReadValueOptions): Promise<unknown> {
  const { channel } = options
  for (;;) {
    const attempt = tryRead(options)
    if (attempt.done) return attempt.value
    if (channel.ended) throw channel.error ?? tooShort()
    const length = channel.length
    await channel.atLeast(Math.max(attempt.wanted, length + 1, options.patience?.(length) ?? 0))
  }
}

export type Attempt =
  | { readonly done: true; readonly value: unknown }
  | { readonly done: false; readonly wanted: number }

/** Reads one value if all its bytes are there. */
export function tryRead(options: Omit<ReadValueOptions, 'patience'>): Attempt {
  const { channel, codec } = options
  if (channel.length < codec.minBytes) return { done: false, wanted: codec.minBytes }
  const reader = new ByteReader(channel.peek(), options.channels, options.path)
  try {
    const value = codec.read(reader)
    channel.consume(reader.position)
    for (const start of reader.whenRead) start()
    return { done: true, value }
  } catch (thrown) {
    if (thrown === needMore) return { done: false, wanted: reader.wanted }
    throw thrown
  }
}

/** For channels whose end always comes: large values are tried again only when they have doubled. */
export function untilDoubled(length: number): number {
  return length < eagerBytes ? 0 : length * 2
}

/** The peer ended before the value was complete. Callers say what that means for them. */
export function tooShort(): WeftError {
  return new WeftError('unavailable', 'the peer ended the stream before the value was complete')
}
