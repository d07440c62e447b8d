import { type Call, type Invoke, operationName } from '../call/call.ts'
import { WeftError } from '../errors.ts'

/** An object and the container that it is in. */
export interface ObjectId {
  readonly container: string
  readonly object: string
}

/** What a blobstore backend implements; it never sees WIT. Whatever fails is thrown: its message is the caller's error. */
export interface BlobStore {
  /** Leaves one that is there as it is. */
  createContainer(name: string): Promise<void>
  containerExists(name: string): Promise<boolean>
  deleteContainer(name: string): Promise<void>
  clearContainer(name: string): Promise<void>
  /** When it was made: seconds since the epoch. */
  containerCreated(name: string): Promise<bigint>
  /** Names of objects in any order, some at a time. */
  listObjects(container: string): AsyncIterable<readonly string[]>
  hasObject(id: ObjectId): Promise<boolean>
  objectInfo(id: ObjectId): Promise<{ readonly createdAt: bigint; readonly size: bigint }>
  /** One that is not there is no error. */
  deleteObject(id: ObjectId): Promise<void>
  copyObject(from: ObjectId, to: ObjectId): Promise<void>
  /** Bytes `start` to `end`, both included; settles when it is known to be there. */
  read(
    id: ObjectId,
    range: { readonly start: bigint; readonly end: bigint },
  ): Promise<AsyncIterable<Uint8Array>>
  /** Puts the object there whole or, when `data` fails, leaves what was there before. */
  write(id: ObjectId, data: AsyncIterable<Uint8Array>): Promise<void>
}

type Result = { readonly tag: 'ok' } | { readonly tag: 'err'; readonly val: string }
type Operation = (store: BlobStore, call: Call, ...args: never[]) => Promise<unknown> | unknown

/** Arguments come as the WIT types of `blobstoreInterface` say: the wire, or the glue of the caller, has checked them. */
const operations: Readonly<Record<string, Operation>> = {
  'clear-container': (store, _, name: string) => store.clearContainer(name),
  'container-exists': (store, _, name: string) => store.containerExists(name),
  'create-container': (store, _, name: string) => store.createContainer(name),
  'delete-container': (store, _, name: string) => store.deleteContainer(name),
  'get-container-info': async (store, _, name: string) => ({ createdAt: await store.containerCreated(name) }),
  'list-container-objects': async (
    store,
    call,
    name: string,
    limit: bigint | undefined,
    offset: bigint | undefined,
  ) => {
    if (!(await store.containerExists(name)))
      throw new WeftError('not_found', `there is no container ${name}`)
    return ending(call, pageOf(store.listObjects(name), offset ?? 0n, limit))
  },
  'copy-object': (store, _, from: ObjectId, to: ObjectId) => store.copyObject(from, to),
  'move-object': async (store, _, from: ObjectId, to: ObjectId) => {
    if (from.container === to.container && from.object === to.object) return
    await store.copyObject(from, to)
    await store.deleteObject(from)
  },
  'delete-object': (store, _, id: ObjectId) => store.deleteObject(id),
  'delete-objects': async (store, _, container: string, objects: readonly string[]) => {
    for (const object of objects) await store.deleteObject({ container, object })
  },
  'get-object-info': (store, _, id: ObjectId) => store.objectInfo(id),
  'has-object': (store, _, id: ObjectId) => store.hasObject(id),
  'get-container-data': async (store, call, id: ObjectId, start: bigint, end: bigint) =>
    ending(call, await store.read(id, { start, end })),
  'write-container-data': (store, call, id: ObjectId, data: AsyncIterable<Uint8Array>) => {
    const written = settled(store.write(id, data))
    call.course.hold(written)
    return written
  },
}

/** Answers `wrpc:blobstore` calls from a backend that `storeFor` picks by the caller's link. */
export function serveBlobstore(storeFor: (call: Call) => BlobStore): Invoke {
  return async (call) => {
    const operation = operations[call.operation.function.name]
    if (!operation)
      throw new WeftError('not_found', `a blobstore has no operation ${operationName(call.operation)}`)
    try {
      // In an object: a promise that an async function gives back would be waited for here.
      const answer = operation(storeFor(call), call, ...(call.args as never[]))
      const isWritten = call.operation.function.name === 'write-container-data'
      return { tag: 'ok', val: isWritten ? answer : await answer }
    } catch (error) {
      return failure(error)
    }
  }
}

/** A stream beside the promise of how it ended; the call is not over before that. */
function ending<T>(call: Call, stream: AsyncIterable<T>): [AsyncIterable<T>, Promise<Result>] {
  const { promise, resolve } = Promise.withResolvers<Result>()
  call.course.hold(promise)
  return [watched(stream, resolve), promise]
}

async function* watched<T>(stream: AsyncIterable<T>, onEnd: (result: Result) => void): AsyncGenerator<T> {
  try {
    yield* stream
    onEnd({ tag: 'ok' })
  } catch (error) {
    onEnd(failure(error))
  } finally {
    // A reader that leaves early was content.
    onEnd({ tag: 'ok' })
  }
}

function settled(work: Promise<void>): Promise<Result> {
  return work.then(() => ({ tag: 'ok' }) as const, failure)
}

function failure(error: unknown): { readonly tag: 'err'; readonly val: string } {
  return { tag: 'err', val: WeftError.from(error).message }
}

/** Leaves out the first `offset` names and all after `limit`. */
async function* pageOf(
  pages: AsyncIterable<readonly string[]>,
  offset: bigint,
  limit: bigint | undefined,
): AsyncGenerator<readonly string[]> {
  let skip = offset
  let left = limit
  for await (const page of pages) {
    const rest = skip >= BigInt(page.length) ? [] : page.slice(Number(skip))
    skip -= BigInt(page.length - rest.length)
    const taken = left !== undefined && left < BigInt(rest.length) ? rest.slice(0, Number(left)) : rest
    if (taken.length > 0) yield taken
    if (left === undefined) continue
    left -= BigInt(taken.length)
    if (left <= 0n) return
  }
}
