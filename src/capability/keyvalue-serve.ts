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

/**
 * What a key-value backend implements: one bucket; it never sees WIT. Values are opaque bytes, keys any text. The `…Many`
 * are for backends that can do better than one after the other.
 */
export interface KeyValueBucket {
  get(key: string): Promise<Uint8Array | undefined>
  set(key: string, value: Uint8Array): Promise<void>
  delete(key: string): Promise<void>
  exists(key: string): Promise<boolean>
  /** A page of keys from `cursor` (0 first); `cursor` of the answer is undefined at the end. */
  listKeys(cursor: bigint): Promise<{ readonly keys: readonly string[]; readonly cursor?: bigint }>
  /** Adds `delta` to the decimal number stored under `key` (absent counts as 0) in one atomic step; 64 bits. */
  increment(key: string, delta: bigint): Promise<bigint>
  /** Sets the value only while the stored one equals `expected` (undefined: absent); false when it did not. */
  compareAndSet(key: string, expected: Uint8Array | undefined, value: Uint8Array): Promise<boolean>
  /** The values in the order of the keys. */
  getMany?(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>
  setMany?(pairs: readonly (readonly [string, Uint8Array])[]): Promise<void>
  deleteMany?(keys: readonly string[]): Promise<void>
}

/** Finds the bucket of that name for who calls; throws a `KeyValueRefusal` when there is none for them. */
export type OpenBucket = (call: Call, bucket: string) => KeyValueBucket

type Bucket = KeyValueBucket

/** Arguments come as the WIT types of `keyvalueInterfaces` say: the wire, or the glue of the caller, has checked them. */
const operations: Readonly<Record<string, (bucket: Bucket, ...args: never[]) => Promise<unknown>>> = {
  get: (bucket, key: string) => bucket.get(key),
  set: (bucket, key: string, value: Uint8Array) => bucket.set(key, value),
  delete: (bucket, key: string) => bucket.delete(key),
  exists: (bucket, key: string) => bucket.exists(key),
  'list-keys': async (bucket, cursor: bigint | undefined) => {
    const page = await bucket.listKeys(cursor ?? 0n)
    return { keys: page.keys, cursor: page.cursor }
  },
  increment: async (bucket, key: string, delta: bigint) =>
    BigInt.asUintN(64, await bucket.increment(key, delta)),
  'get-many': async (bucket, keys: readonly string[]) => {
    const values = bucket.getMany
      ? await bucket.getMany(keys)
      : await Promise.all(keys.map((key) => bucket.get(key)))
    return keys.map((key, at) => values[at] && [key, values[at]])
  },
  'set-many': async (bucket, pairs: readonly (readonly [string, Uint8Array])[]) => {
    if (bucket.setMany) return bucket.setMany(pairs)
    for (const [key, value] of pairs) await bucket.set(key, value)
  },
  'delete-many': async (bucket, keys: readonly string[]) => {
    if (bucket.deleteMany) return bucket.deleteMany(keys)
    for (const key of keys) await bucket.delete(key)
  },
  'compare-and-set': (bucket, key: string, expected: Uint8Array | undefined, value: Uint8Array) =>
    bucket.compareAndSet(key, expected, value),
}

/** Answers `wrpc:keyvalue` calls from a backend. */
export function serveKeyvalue(open: OpenBucket): Invoke {
  return async (call) => {
    const operation = operations[call.operation.function.name]
    if (!operation)
      throw new WeftError('not_found', `key-value has no operation ${operationName(call.operation)}`)
    const [name, ...args] = call.args as [string, ...never[]]
    try {
      return { tag: 'ok', val: await operation(open(call, name), ...args) }
    } catch (error) {
      if (error instanceof KeyValueRefusal) return { tag: 'err', val: { tag: error.tag } }
      return {
        tag: 'err',
        val: { tag: 'other', val: error instanceof Error ? error.message : String(error) },
      }
    }
  }
}
