import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
} from '@nats-io/jetstream'
import type { BlobStore, ObjectId } from '../../src/capability/blobstore-serve.ts'
import { WeftError } from '../../src/errors.ts'
import { readChunks, writeChunks } from './chunks.ts'
import { foundFrom, noneIfMissing, ObjectBucket } from './object-bucket.ts'

export interface NatsBlobsOptions {
  readonly client: JetStreamClient
  readonly manager: JetStreamManager
  /** What the names of containers begin with in NATS; components don't see it. */
  readonly prefix: string
}

/** Names of objects that are handed on at once. */
const namesPerPage = 100

/** Containers as buckets of NATS' object store, which other clients of NATS can read and write too. */
export function natsBlobs({ client, manager, prefix }: NatsBlobsOptions): BlobStore {
  const bucketOf = (container: string) => {
    if (!/^[-\w]{1,200}$/.test(container))
      throw new WeftError(
        'invalid',
        `container ${JSON.stringify(container)}: expected letters, digits, - and _`,
      )
    return new ObjectBucket(prefix + container, client, manager)
  }
  /** The bucket, once it is known to be there, and when it was made. */
  const opened = async (container: string) => {
    const bucket = bucketOf(container)
    const info = await manager.streams.info(bucket.stream).catch((error: unknown) => {
      if (isMissing(error)) throw new WeftError('not_found', `there is no container ${container}`)
      throw error
    })
    return { bucket, created: BigInt(Math.floor(Date.parse(info.created) / 1000)) }
  }
  const found = async (id: ObjectId) => {
    const { bucket } = await opened(id.container)
    const object = await bucket.find(id.object)
    if (object.entry) return { bucket, ...object }
    throw new WeftError('not_found', `there is no object ${id.object} in container ${id.container}`)
  }
  const write = async (id: ObjectId, data: AsyncIterable<Uint8Array>) => {
    const { bucket } = await opened(id.container)
    const written = await writeChunks(bucket, data)
    const before = await bucket.replace(id.object, () => ({ name: id.object, ...written, ...chunkOptions }))
    if (before) await bucket.purge(before.nuid)
  }
  return {
    async createContainer(name) {
      await manager.streams.add(bucketOf(name).config())
    },
    containerExists: async (name) =>
      opened(name).then(
        () => true,
        (error: unknown) => {
          if (WeftError.from(error).code === 'not_found') return false
          throw error
        },
      ),
    async deleteContainer(name) {
      await manager.streams.delete((await opened(name)).bucket.stream)
    },
    async clearContainer(name) {
      await manager.streams.purge((await opened(name)).bucket.stream)
    },
    containerCreated: async (name) => (await opened(name)).created,
    listObjects: (name) => names(bucketOf(name)),
    async hasObject(id) {
      const { bucket } = await opened(id.container)
      return (await bucket.find(id.object)).entry !== undefined
    },
    async objectInfo(id) {
      const { entry, seconds } = await found(id)
      return { createdAt: seconds, size: BigInt(entry.size) }
    },
    async deleteObject(id) {
      const { bucket } = await opened(id.container)
      const gone = { size: 0, chunks: 0, deleted: true }
      const before = await bucket.replace(
        id.object,
        (there) => there && { name: id.object, nuid: there.nuid, ...gone },
      )
      if (before) await bucket.purge(before.nuid)
    },
    async copyObject(from, to) {
      const { bucket, entry } = await found(from)
      if (from.container === to.container && from.object === to.object) return
      await write(to, readChunks(bucket, entry, { start: 0, end: entry.size }))
    },
    async read(id, { start, end }) {
      const { bucket, entry } = await found(id)
      const last = BigInt(entry.size) - 1n
      if (start > last) return nothing()
      return readChunks(bucket, entry, { start: Number(start), end: Number(end < last ? end : last) })
    },
    write,
  }
}

/** What other clients want to know of an object's chunks. */
const chunkOptions = { options: { max_chunk_size: 128 * 1024 } }

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** One entry after the other: each subject of the stream has one message. */
async function* names(bucket: ObjectBucket): AsyncGenerator<readonly string[]> {
  let page: string[] = []
  for (let seq = 1; ; ) {
    const query = { next_by_subj: bucket.everyEntry, seq }
    const message = await bucket.manager.direct.getMessage(bucket.stream, query).catch(noneIfMissing)
    if (!message) break
    seq = message.seq + 1
    const { entry } = foundFrom(message)
    if (entry.deleted !== true) page.push(entry.name)
    if (page.length < namesPerPage) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}

function isMissing(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound
}
