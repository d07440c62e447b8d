import type { KeyValueBucket } from '../../src/capability/keyvalue-serve.ts'
import { WeftError } from '../../src/errors.ts'
import { numberFrom } from '../keyvalue/number.ts'
import { pageOf } from '../keyvalue/page.ts'

const defaultLimit = 64 * 1024 * 1024
/** What an entry takes besides its key and value, about. */
const entryBytes = 64

/** Reads `max_bytes`; the error names key, rule and value. */
export function memoryLimitFrom(config: Readonly<Record<string, string>>): number {
  const text = config['max_bytes']
  if (text === undefined) return defaultLimit
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new WeftError(
    'invalid',
    `provider config \`max_bytes\`: expected a number of bytes such as ${defaultLimit}, got ${JSON.stringify(text)}`,
  )
}

/** Buckets in memory, which may take so many bytes together. */
export class MemoryStore {
  readonly #limit: number
  readonly #buckets = new Map<string, KeyValueBucket>()
  #used = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  bucket(name: string): KeyValueBucket {
    const bucket = this.#buckets.get(name) ?? memoryBucket((bytes) => this.#take(bytes))
    this.#buckets.set(name, bucket)
    return bucket
  }

  #take(bytes: number): void {
    if (bytes > 0 && this.#used + bytes > this.#limit) {
      throw new WeftError(
        'exhausted',
        `the key-value memory is full: ${this.#limit} bytes (provider config \`max_bytes\`)`,
      )
    }
    this.#used += bytes
  }
}

/** `take` is told of each change of size, and throws when it is too much. */
function memoryBucket(take: (bytes: number) => void): KeyValueBucket {
  const values = new Map<string, Uint8Array>()
  const sizeOf = (key: string, value: Uint8Array | undefined) =>
    value ? Buffer.byteLength(key) + value.byteLength + entryBytes : 0
  const set = (key: string, value: Uint8Array) => {
    take(sizeOf(key, value) - sizeOf(key, values.get(key)))
    // The bytes that came are the caller's: a view into a message, or into a guest's memory.
    values.set(key, new Uint8Array(value))
  }
  return {
    get: async (key) => values.get(key)?.slice(),
    set: async (key, value) => set(key, value),
    async delete(key) {
      take(-sizeOf(key, values.get(key)))
      values.delete(key)
    },
    exists: async (key) => values.has(key),
    listKeys: async (cursor) => pageOf([...values.keys()], cursor),
    async increment(key, delta) {
      const stored = values.get(key)
      const sum = BigInt.asIntN(64, (stored ? numberFrom(stored, key) : 0n) + delta)
      set(key, Buffer.from(String(sum)))
      return sum
    },
    async compareAndSet(key, expected, value) {
      const stored = values.get(key)
      const isSame = stored && expected ? Buffer.compare(stored, expected) === 0 : stored === expected
      if (isSame) set(key, value)
      return isSame
    },
  }
}
