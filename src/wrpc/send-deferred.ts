import { WeftError } from '../errors.ts'
import { ByteWriter, type Deferred } from './byte-writer.ts'
import { chunkLength, type FutureCodec, isIterable, type StreamCodec } from './codec-async.ts'
import type { Outflow } from './outflow.ts'

/** Where streams and futures go. */
export type Sender = Pick<Outflow, 'end' | 'maxPayload' | 'hasLeft' | 'room' | 'send' | 'close'>

/** A LEB128 length takes no more. */
const maxPrefixBytes = 5

/**
 * Sends the streams and futures of a value, all at once, each on its own path, and ends each, also when it fails.
 * Rejects with the first failure after all have ended.
 */
export async function sendDeferred(outflow: Sender, deferred: readonly Deferred[]): Promise<void> {
  const ends = await Promise.allSettled(deferred.map((one) => sendChannel(outflow, one)))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

async function sendChannel(outflow: Sender, deferred: Deferred): Promise<void> {
  const path = deferred.path.join('.')
  const nested: Promise<void>[] = []
  try {
    await sendOne(outflow, deferred, nested)
    outflow.close(path)
  } catch (thrown) {
    outflow.close(path, WeftError.from(thrown))
    throw thrown
  } finally {
    await Promise.allSettled(nested)
  }
}

async function sendOne(outflow: Sender, deferred: Deferred, nested: Promise<void>[]): Promise<void> {
  const { codec, path, value } = deferred
  if (codec.kind === 'future') {
    await sendFuture({ outflow, codec, path, nested }, value)
  } else if (codec.bytes) {
    await sendBytes({ outflow, codec, path, nested }, value)
  } else {
    await sendElements({ outflow, codec, path, nested }, value)
  }
}

interface Sending<C> {
  readonly outflow: Sender
  readonly codec: C
  readonly path: readonly number[]
  readonly nested: Promise<void>[]
}

async function sendFuture(sending: Sending<FutureCodec>, promise: unknown): Promise<void> {
  const { outflow, codec, path } = sending
  const value = await outflow.end.within(Promise.resolve(promise))
  const writer = new ByteWriter(path)
  codec.element.write(writer, value)
  await outflow.send(path.join('.'), writer.bytes())
  await sendNested(sending, writer.deferred)
}

async function sendBytes(sending: Sending<StreamCodec>, stream: unknown): Promise<void> {
  const { outflow, codec } = sending
  const path = sending.path.join('.')
  // One chunk to a message: Go peers don't put together what is cut.
  const most = outflow.maxPayload - maxPrefixBytes
  let sent = 0
  for await (const chunk of chunksOf(sending, stream)) {
    if (!(chunk instanceof Uint8Array)) {
      throw new WeftError('invalid', 'expected the chunks of a stream<u8> to be Uint8Arrays')
    }
    for (let at = 0; at < chunk.length; at += most) {
      const writer = new ByteWriter()
      codec.writeChunk(writer, chunk.subarray(at, at + most), 0)
      const bytes = writer.bytes()
      await outflow.room(path, sent)
      await outflow.send(path, bytes)
      sent += bytes.length
    }
  }
  await outflow.send(path, endOfStream)
}

async function sendElements(sending: Sending<StreamCodec>, stream: unknown): Promise<void> {
  const { outflow, codec } = sending
  const path = sending.path.join('.')
  let index = 0
  for await (const chunk of chunksOf(sending, stream)) {
    const writer = new ByteWriter(sending.path)
    index += codec.writeChunk(writer, chunk, index)
    await outflow.send(path, writer.bytes())
    await sendNested(sending, writer.deferred)
  }
  await outflow.send(path, endOfStream)
}

const endOfStream = Uint8Array.of(0)

/** What stands on the same path goes on with the same channel; the rest has channels of its own. */
async function sendNested(sending: Sending<unknown>, deferred: readonly Deferred[]): Promise<void> {
  const { outflow, path, nested } = sending
  for (const one of deferred) {
    if (one.path.length === path.length) {
      await sendOne(outflow, one, nested)
    } else {
      const sent = sendChannel(outflow, one)
      sent.catch(() => {})
      nested.push(sent)
    }
  }
}

/** The chunks that are not empty, as long as the call lasts and somebody reads. */
async function* chunksOf({ outflow, path }: Sending<unknown>, stream: unknown): AsyncGenerator<unknown> {
  if (!isIterable(stream)) throw new WeftError('invalid', 'expected an async iterable of chunks as a stream')
  const iterator = Symbol.asyncIterator in stream ? stream[Symbol.asyncIterator]() : stream[Symbol.iterator]()
  let ended = false
  try {
    while (!outflow.hasLeft(path.join('.'))) {
      const result = await outflow.end.within(Promise.resolve(iterator.next()))
      ended = result.done === true
      if (ended) return
      if (chunkLength(result.value) > 0) yield result.value
    }
  } finally {
    // Not waited for: a generator that hangs would hold the end of the call.
    if (!ended) void Promise.resolve(iterator.return?.()).catch(() => {})
  }
}
