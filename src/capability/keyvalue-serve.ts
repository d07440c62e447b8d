import { type Call, type Invoke, operationName } from '../call/call.ts'
import { WeftError } from '../errors.ts'

/** A bucket or store that refuses: becomes the WIT `error` of that name. Other failures become `other(message)`. */
export class KeyValueRefusal extends Error {
  readonly tag: 'no-such-store' | 'access-denied'

  constructor(tag: 'no-such-store' | 'access-denied', message: string) {
    super(message)
    this.tag = tag
  }
}

/** What a key-value backend implements; it never sees WIT. Values are opaque bytes, keys any text. */
export interface KeyValueStore {
  get(bucket: string, key: string): Promise<Uint8Array | undefined>
  set(bucket: string, key: string, value: Uint8Array): Promise<void>
  delete(bucket: string, key: string): Promise<void>
  exists(bucket: string, key: string): Promise<boolean>
  /** A page of keys from `cursor` (0 first); `cursor` of the answer is undefined at the end. */
  listKeys(
    bucket: string,
    cursor: number,
  ): Promise<{ readonly keys: readonly string[]; readonly cursor?: number }>
  /** Adds `delta` to the decimal number stored under `key` (absent counts as 0) in one atomic step; 64 bits, wrapping. */
  increment(bucket: string, key: string, delta: bigint): Promise<bigint>
  /** Sets the value only while the stored one equals `expected` (undefined: absent); false when it did not. */
  compareAndSet(
    bucket: string,
    key: string,
    expected: Uint8Array | undefined,
    value: Uint8Array,
  ): Promise<boolean>
}

/** Arguments come as the WIT types of `keyvalueInterfaces` say: the wire, or the glue of the caller, has checked them. */
const operations: Readonly<Record<string, (store: KeyValueStore, ...args: never[]) => Promise<unknown>>> = {
  get: (store, bucket: string, key: string) => store.get(bucket, key),
  set: (store, bucket: string, key: string, value: Uint8Array) => store.set(bucket, key, value),
  delete: (store, bucket: string, key: string) => store.delete(bucket, key),
  exists: (store, bucket: string, key: string) => store.exists(bucket, key),
  'list-keys': listKeys,
  increment: async (store, bucket: string, key: string, delta: bigint) =>
    BigInt.asUintN(64, await store.increment(bucket, key, delta)),
  'get-many': (store, bucket: string, keys: readonly string[]) =>
    Promise.all(keys.map((key) => getPair(store, bucket, key))),
  'set-many': async (store, bucket: string, pairs: readonly (readonly [string, Uint8Array])[]) => {
    for (const [key, value] of pairs) await store.set(bucket, key, value)
  },
  'delete-many': async (store, bucket: string, keys: readonly string[]) => {
    for (const key of keys) await store.delete(bucket, key)
  },
  'compare-and-set': (
    store,
    bucket: string,
    key: string,
    expected: Uint8Array | undefined,
    value: Uint8Array,
  ) => store.compareAndSet(bucket, key, expected, value),
}

/** Answers `wrpc:keyvalue` calls from a backend. `storeFor` picks the backend by the caller's link. */
export function serveKeyvalue(storeFor: (call: Call) => Promise<KeyValueStore>): Invoke {
  return async (call) => {
    const operation = operations[call.operation.function.name]
    if (!operation)
      throw new WeftError('not_found', `key-value has no operation ${operationName(call.operation)}`)
    try {
      return { tag: 'ok', val: await operation(await storeFor(call), ...(call.args as never[])) }
    } catch (error) {
      if (error instanceof KeyValueRefusal) return { tag: 'err', val: { tag: error.tag } }
      return {
        tag: 'err',
        val: { tag: 'other', val: error instanceof Error ? error.message : String(error) },
      }
    }
  }
}

async function listKeys(store: KeyValueStore, bucket: string, cursor: bigint | undefined): Promise<unknown> {
  const page = await store.listKeys(bucket, Number(cursor ?? 0n))
  return { keys: page.keys, cursor: page.cursor === undefined ? undefined : BigInt(page.cursor) }
}

async function getPair(
  store: KeyValueStore,
  bucket: string,
  key: string,
): Promise<[string, Uint8Array] | undefined> {
  const value = await store.get(bucket, key)
  return value && [key, value]
}
