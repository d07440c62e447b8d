import type { NatsConnection } from 'nats'
import { Bucket } from './bucket.ts'
import { anything, parseJson } from './shape.ts'
import { oneToken } from './subjects.ts'

/** Notes of one kind that the controllers of a lattice share: `{kind}.{name}` in their bucket. Last writer wins. */
export interface JsonRecords {
  read(name: string): Promise<unknown>
  readAll(): Promise<ReadonlyMap<string, unknown>>
  write(name: string, value: unknown): Promise<void>
  remove(name: string): Promise<void>
}

/** Opens the bucket that the controllers of a lattice share. */
export function openControllerBucket(connection: NatsConnection, lattice: string): Promise<Bucket> {
  return Bucket.open(connection, `WEFT_CONTROLLER_${oneToken('lattice', lattice)}`)
}

/** The notes of one kind. What can't be read as JSON counts as absent. */
export function recordsOf(bucket: Bucket, kind: string): JsonRecords {
  const keyOf = (name: string) => `${kind}.${oneToken('application name', name)}`
  return {
    read: async (name) => readJson(await bucket.get(keyOf(name))),
    async readAll() {
      const entries = [...(await bucket.entries())].filter(([key]) => key.startsWith(`${kind}.`))
      return new Map(entries.map(([key, bytes]) => [key.slice(kind.length + 1), readJson(bytes)]))
    },
    async write(name, value) {
      await bucket.put(keyOf(name), JSON.stringify(value))
    },
    remove: (name) => bucket.purge(keyOf(name)),
  }
}

function readJson(bytes: Uint8Array | undefined): unknown {
  try {
    return bytes === undefined ? undefined : parseJson(bytes, anything)
  } catch {
    return undefined
  }
}
