import type { WitFunction } from '../wit/type.ts'
import { guestError } from './guest-error.ts'

/**
 * Calls one function of a lattice interface for the guest. Gives back the result's value; the WIT `err` case is thrown
 * as a `GuestError`, and so is a call that did not arrive, as `other(message)`.
 */
export type KeyvalueCall = (lattice: string, name: string, args: readonly unknown[]) => Promise<unknown>

const store = 'wrpc:keyvalue/store@0.2.0-draft'
const atomics = 'wrpc:keyvalue/atomics@0.2.0-draft'
const batch = 'wrpc:keyvalue/batch@0.2.0-draft'
const compare = 'weft:keyvalue/compare@0.1.0'

interface KeyPage {
  readonly keys: readonly string[]
  readonly cursor?: bigint
}

type Pair = readonly [string, Uint8Array] | undefined

/** In August 2026 `get-many` of draft2 changed without a new version: a pair for each key, with nothing for its value. */
export function namesMissingKeys(getMany: WitFunction | undefined): boolean {
  const ok = getMany?.result?.kind === 'result' ? getMany.result.ok : undefined
  return ok?.kind === 'list' && ok.element.kind === 'tuple'
}

/**
 * The import objects of `wasi:keyvalue` at one version, for one invocation. The drafts differ in the cursor (`u64`, then
 * `string`) and in `increment` (`u64`, then `s64`); `cas` and `swap` are in draft2 only.
 */
export function keyvalueImports(
  version: string,
  call: KeyvalueCall,
  options: { readonly namesMissingKeys?: boolean } = {},
): Record<'store' | 'atomics' | 'batch', object> {
  const cursorIsText = version !== '0.2.0-draft'

  class Bucket {
    readonly name: string
    constructor(name: string) {
      this.name = name
    }
    get(key: string) {
      return call(store, 'get', [this.name, key])
    }
    set(key: string, value: Uint8Array) {
      return call(store, 'set', [this.name, key, value])
    }
    delete(key: string) {
      return call(store, 'delete', [this.name, key])
    }
    exists(key: string) {
      return call(store, 'exists', [this.name, key])
    }
    async listKeys(cursor: string | bigint | undefined) {
      const page = (await call(store, 'list-keys', [this.name, cursorFrom(cursor)])) as KeyPage
      const next = page.cursor
      return { keys: page.keys, cursor: cursorIsText && next !== undefined ? String(next) : next }
    }
  }

  class Cas {
    readonly bucket: Bucket
    readonly key: string
    seen: Uint8Array | undefined
    constructor(bucket: Bucket, key: string) {
      this.bucket = bucket
      this.key = key
    }
    static async new(bucket: Bucket, key: string) {
      const cas = new Cas(bucket, key)
      await cas.current()
      return cas
    }
    async current() {
      this.seen = (await this.bucket.get(this.key)) as Uint8Array | undefined
      return this.seen
    }
  }

  return {
    store: { Bucket, open: (name: string) => new Bucket(name) },
    atomics: {
      Cas,
      async increment(bucket: Bucket, key: string, delta: bigint) {
        const sum = await call(atomics, 'increment', [bucket.name, key, BigInt.asUintN(64, delta)])
        return cursorIsText ? BigInt.asIntN(64, sum as bigint) : sum
      },
      async swap(cas: Cas, value: Uint8Array) {
        const args = [cas.bucket.name, cas.key, cas.seen, value]
        const swapped = await call(compare, 'compare-and-set', args).catch(asCasError)
        if (swapped) return
        await cas.current().catch(asCasError)
        throw guestError({ tag: 'cas-failed', val: cas })
      },
    },
    batch: {
      async getMany(bucket: Bucket, keys: readonly string[]) {
        const pairs = (await call(batch, 'get-many', [bucket.name, keys])) as readonly Pair[]
        return options.namesMissingKeys ? keys.map((key, at) => [key, pairs[at]?.[1]]) : pairs
      },
      setMany: (bucket: Bucket, pairs: unknown) => call(batch, 'set-many', [bucket.name, pairs]),
      deleteMany: (bucket: Bucket, keys: readonly string[]) =>
        call(batch, 'delete-many', [bucket.name, keys]),
    },
  }
}

function asCasError(thrown: unknown): never {
  const payload =
    thrown instanceof Error && 'payload' in thrown ? thrown.payload : { tag: 'other', val: String(thrown) }
  throw guestError({ tag: 'store-error', val: payload })
}

function cursorFrom(cursor: string | bigint | undefined): bigint | undefined {
  if (typeof cursor !== 'string') return cursor
  if (/^\d{1,19}$/.test(cursor)) return BigInt(cursor)
  throw guestError({
    tag: 'other',
    val: `cursor ${JSON.stringify(cursor)} is not one that list-keys gave out`,
  })
}
