import { setTimeout as delay } from 'node:timers/promises'
import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream'
import type { KV, KvEntry } from '@nats-io/kv'
import type { KeyValueBucket } from '../../src/capability/keyvalue-serve.ts'
import { WeftError } from '../../src/errors.ts'
import { numberFrom } from '../keyvalue/number.ts'
import { pageOf } from '../keyvalue/page.ts'
import { decodeKey, encodeKey } from './key.ts'

/** Writers that keep overtaking each other on one key give up after so many tries. */
const mostTries = 60
const longestPauseMs = 50

/** A JetStream bucket; one for each link. */
export class NatsKeyValue implements KeyValueBucket {
  readonly #kv: KV
  readonly #increments = new Map<string, Increments>()

  constructor(kv: KV) {
    this.#kv = kv
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const entry = await this.#kv.get(encodeKey(key))
    return isPut(entry) ? entry.value : undefined
  }

  async set(key: string, value: Uint8Array): Promise<void> {
    await this.#kv.put(encodeKey(key), value)
  }

  async delete(key: string): Promise<void> {
    await this.#kv.delete(encodeKey(key))
  }

  async exists(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined
  }

  async listKeys(cursor: bigint): Promise<{ keys: readonly string[]; cursor?: bigint }> {
    const all: string[] = []
    for await (const key of await this.#kv.keys()) all.push(decodeKey(key))
    return pageOf(all, cursor)
  }

  /** Increments of one key that come together are written together. */
  increment(key: string, delta: bigint): Promise<bigint> {
    const increments = this.#increments.get(key) ?? new Increments((sum) => this.#add(encodeKey(key), sum))
    this.#increments.set(key, increments)
    return increments.add(delta).finally(() => {
      if (increments.idle) this.#increments.delete(key)
    })
  }

  async compareAndSet(key: string, expected: Uint8Array | undefined, value: Uint8Array): Promise<boolean> {
    const entry = await this.#kv.get(encodeKey(key))
    const stored = isPut(entry) ? entry.value : undefined
    const isSame =
      stored === undefined
        ? expected === undefined
        : expected !== undefined && Buffer.compare(stored, expected) === 0
    return isSame && this.#write(encodeKey(key), value, entry)
  }

  /** The number that was stored before `delta` was added to it. */
  async #add(key: string, delta: bigint): Promise<bigint> {
    for (let tries = 0; tries < mostTries; tries++) {
      const entry = await this.#kv.get(key)
      const before = isPut(entry) ? numberFrom(entry.value, key) : 0n
      if (await this.#write(key, String(BigInt.asIntN(64, before + delta)), entry)) return before
      await delay(Math.random() * Math.min(2 ** tries, longestPauseMs))
    }
    throw new WeftError('unavailable', `others kept changing ${key}: gave up after ${mostTries} tries`)
  }

  /** False when somebody else has written since `seen`. */
  async #write(key: string, value: Uint8Array | string, seen: KvEntry | null): Promise<boolean> {
    try {
      await this.#kv.put(key, value, { previousSeq: seen?.revision ?? 0 })
      return true
    } catch (error) {
      const overtaken: readonly number[] = [
        JetStreamApiCodes.StreamWrongLastSequence,
        JetStreamApiCodes.StreamWrongLastSequenceUnknown,
      ]
      if (error instanceof JetStreamApiError && overtaken.includes(error.code)) return false
      throw error
    }
  }
}

interface Waiting {
  readonly delta: bigint
  resolve(sum: bigint): void
  reject(error: unknown): void
}

/** Increments of one key: while one write is under way, those that come are gathered into the next. */
class Increments {
  readonly #write: (sum: bigint) => Promise<bigint>
  #waiting: Waiting[] = []
  #isWriting = false

  constructor(write: (sum: bigint) => Promise<bigint>) {
    this.#write = write
  }

  get idle(): boolean {
    return !this.#isWriting && this.#waiting.length === 0
  }

  add(delta: bigint): Promise<bigint> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ delta, resolve, reject })
      if (!this.#isWriting) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#isWriting = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      try {
        let sum = await this.#write(batch.reduce((total, { delta }) => total + delta, 0n))
        for (const { delta, resolve } of batch) {
          sum = BigInt.asIntN(64, sum + delta)
          resolve(sum)
        }
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#isWriting = false
  }
}

function isPut(entry: KvEntry | null): entry is KvEntry {
  return entry?.operation === 'PUT'
}
