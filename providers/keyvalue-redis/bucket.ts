import type { Call } from '../../src/call/call.ts'
import type { KeyValueBucket } from '../../src/capability/keyvalue-serve.ts'
import { preciseNow } from '../../src/clock.ts'
import { WeftError } from '../../src/errors.ts'
import type { RedisClient } from './client.ts'
import { RedisError, type RedisReply } from './resp.ts'

/** `increment`s are on signed 64 bits; the script is atomic, as all are. */
const compareAndSet = `
local expected = ARGV[1] == '1' and ARGV[2] or false
if redis.call('GET', KEYS[1]) ~= expected then return 0 end
redis.call('SET', KEYS[1], ARGV[3])
return 1`
const pageSize = '1000'

export interface RedisBucketOptions {
  readonly client: RedisClient
  /** What keys begin with in Redis; components don't see it. */
  readonly prefix: string
  /** The call that is answered: each command is recorded in its course. */
  readonly call: Call
}

/** Keys of one Redis database as a bucket. */
export function redisBucket({ client, prefix, call }: RedisBucketOptions): KeyValueBucket {
  const run = (parts: readonly (string | Uint8Array)[], batchSize?: number) =>
    recorded({ client, call, parts, batchSize })
  const stored = (key: string) => prefix + key
  return {
    get: async (key) => bytesFrom(await run(['GET', stored(key)])),
    async set(key, value) {
      await run(['SET', stored(key), value])
    },
    async delete(key) {
      await run(['DEL', stored(key)])
    },
    exists: async (key) => (await run(['EXISTS', stored(key)])) === 1n,
    async listKeys(cursor) {
      const match = prefix === '' ? [] : ['MATCH', `${prefix.replaceAll(/[\\*?[\]^-]/g, '\\$&')}*`]
      // A page may be empty although there is more; and it may name a key twice.
      for (let at = cursor; ; ) {
        const [next, found] = scanned(await run(['SCAN', String(at), ...match, 'COUNT', pageSize]))
        const keys = [...new Set(found.map((key) => key.slice(prefix.length)))]
        if (next === 0n) return { keys }
        if (keys.length > 0) return { keys, cursor: next }
        call.signal.throwIfAborted()
        at = next
      }
    },
    async increment(key, delta) {
      const sum = await run(['INCRBY', stored(key), String(BigInt.asIntN(64, delta))]).catch(
        (error: unknown) => {
          // The one way to tell it from other errors is the text, which Redis has kept since 2009.
          if (error instanceof RedisError && error.message.includes('not an integer'))
            throw new WeftError('invalid', `the value of ${key} is not a whole number: cannot increment it`)
          throw error
        },
      )
      return typeof sum === 'bigint' ? sum : 0n
    },
    async compareAndSet(key, expected, value) {
      const args = [expected ? '1' : '0', expected ?? '', value]
      return (await run(['EVAL', compareAndSet, '1', stored(key), ...args])) === 1n
    },
    async getMany(keys) {
      if (keys.length === 0) return []
      const values = await run(['MGET', ...keys.map(stored)], keys.length)
      return Array.isArray(values) ? values.map(bytesFrom) : []
    },
    async setMany(pairs) {
      if (pairs.length === 0) return
      await run(['MSET', ...pairs.flatMap(([key, value]) => [stored(key), value])], pairs.length)
    },
    async deleteMany(keys) {
      if (keys.length > 0) await run(['DEL', ...keys.map(stored)], keys.length)
    },
  }
}

/** Sends a command and records it in the call's course, however it ends; an error that Redis answers is thrown. */
async function recorded(sending: {
  readonly client: RedisClient
  readonly call: Call
  readonly parts: readonly (string | Uint8Array)[]
  readonly batchSize: number | undefined
}): Promise<RedisReply> {
  const { client, call, parts, batchSize } = sending
  const { host, port, database } = client.address
  const start = preciseNow()
  const record = (failed: { readonly failure?: string; readonly failureCode?: string }) =>
    call.course.record({
      name: 'backend',
      kind: 'database',
      system: 'redis',
      operation: String(parts[0]),
      destination: String(database),
      ...(batchSize !== undefined && { batchSize }),
      server: { address: host, port },
      ...failed,
      start,
      end: preciseNow(),
    })
  try {
    const reply = await client.send(parts)
    if (reply instanceof RedisError) throw reply
    record({})
    return reply
  } catch (error) {
    const { message } = WeftError.from(error)
    record({ failure: message, ...(error instanceof RedisError && { failureCode: error.code }) })
    throw error
  }
}

function bytesFrom(reply: RedisReply): Uint8Array | undefined {
  return reply instanceof Uint8Array ? reply : undefined
}

/** SCAN answers the next cursor and keys, all as bytes. */
function scanned(reply: RedisReply): [next: bigint, keys: string[]] {
  const [next, keys] = Array.isArray(reply) ? reply : []
  const text = (bytes: unknown) => (bytes instanceof Uint8Array ? Buffer.from(bytes).toString() : '')
  const cursor = text(next)
  return [/^\d+$/.test(cursor) ? BigInt(cursor) : 0n, Array.isArray(keys) ? keys.map(text) : []]
}
