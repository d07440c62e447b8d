import { createHash, randomBytes } from 'node:crypto'
import type { StoredMsg } from '@nats-io/jetstream'
import { WeftError } from '../../src/errors.ts'
import { chunkHeader, noneIfMissing, type ObjectBucket, type ObjectEntry, padded } from './object-bucket.ts'

/** As all clients of NATS have it. */
const chunkBytes = 128 * 1024
/** Chunks on their way to NATS at once. */
const mostUnderWay = 16

/** Stores bytes as chunks that no entry names yet. When `data` fails they are taken away again. */
export async function writeChunks(
  bucket: ObjectBucket,
  data: AsyncIterable<Uint8Array>,
): Promise<Pick<ObjectEntry, 'nuid' | 'size' | 'chunks' | 'digest'>> {
  const nuid = randomBytes(11).toString('hex')
  const hash = createHash('sha256')
  const underWay: Promise<unknown>[] = []
  let chunks = 0
  let size = 0
  try {
    for await (const chunk of evenly(data)) {
      hash.update(chunk)
      size += chunk.byteLength
      underWay.push(bucket.publishChunk(nuid, chunks, chunk))
      chunks += 1
      if (underWay.length >= mostUnderWay) await underWay.shift()
    }
    await Promise.all(underWay)
  } catch (error) {
    await Promise.allSettled(underWay)
    await bucket.purge(nuid).catch(() => {})
    throw error
  }
  return { nuid, size, chunks, digest: `SHA-256=${padded(hash.digest())}` }
}

/** The object's bytes from `start` to `end`, both included. What is read whole is checked against its digest. */
export async function* readChunks(
  bucket: ObjectBucket,
  entry: ObjectEntry,
  { start, end }: { readonly start: number; readonly end: number },
): AsyncGenerator<Uint8Array> {
  const isWhole = start === 0 && end >= entry.size - 1
  const hash = isWhole && entry.digest?.startsWith('SHA-256=') ? createHash('sha256') : undefined
  const first = await chunkAt(bucket, entry, start)
  let message: StoredMsg | undefined = first.message
  let { at } = first
  while (message && at <= end && at < entry.size) {
    const { data, seq }: StoredMsg = message
    const after: number = at + data.byteLength
    // The next chunk is on its way while this one is read.
    const next: Promise<StoredMsg> | undefined =
      after <= end && after < entry.size ? nextChunk(bucket, entry, seq + 1) : undefined
    next?.catch(() => {})
    const wanted = data.subarray(Math.max(0, start - at), end + 1 - at)
    hash?.update(wanted)
    if (wanted.byteLength > 0) yield wanted
    at = after
    message = await next
  }
  if (hash && `SHA-256=${padded(hash.digest())}` !== entry.digest)
    throw new WeftError('unavailable', `${entry.name} is damaged: its bytes do not have its digest`)
}

/**
 * The chunk with byte `start`, and where it begins. Chunks carry their number and stand in the stream in order, with
 * those of other objects between them: so many messages on is not beyond the chunk that is looked for.
 */
async function chunkAt(
  bucket: ObjectBucket,
  entry: ObjectEntry,
  start: number,
): Promise<{ message: StoredMsg; at: number }> {
  let message = await nextChunk(bucket, entry, 1)
  let at = 0
  const size = message.data.byteLength
  const wanted = Math.floor(start / Math.max(1, size))
  while (at + message.data.byteLength <= start && at < entry.size) {
    const index = numberOf(message)
    const step = index === undefined || wanted - index < 2 ? 1 : wanted - index
    const before = message.data.byteLength
    message = await nextChunk(bucket, entry, message.seq + step)
    at = index === undefined ? at + before : (numberOf(message) ?? 0) * size
  }
  return { message, at }
}

function numberOf(message: StoredMsg): number | undefined {
  const text = message.header.get(chunkHeader)
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

async function nextChunk(bucket: ObjectBucket, entry: ObjectEntry, seq: number): Promise<StoredMsg> {
  const query = { next_by_subj: bucket.chunks(entry.nuid), seq }
  const message = await bucket.manager.direct.getMessage(bucket.stream, query).catch(noneIfMissing)
  if (message) return message
  throw new WeftError('unavailable', `${entry.name} was replaced or deleted while it was read`)
}

/** The same bytes in chunks of one size; the last may be smaller. */
async function* evenly(data: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = []
  let length = 0
  for await (const given of data) {
    let rest = given
    while (length + rest.byteLength >= chunkBytes) {
      const taken = chunkBytes - length
      yield Buffer.concat([...parts, rest.subarray(0, taken)])
      rest = rest.subarray(taken)
      parts = []
      length = 0
    }
    if (rest.byteLength === 0) continue
    parts.push(rest)
    length += rest.byteLength
  }
  if (length > 0) yield Buffer.concat(parts)
}
