import { setTimeout as delay } from 'node:timers/promises'
import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream'
import { type KV, type KvEntry, Kvm } from '@nats-io/kv'
import { deadline, type NatsConnection } from 'nats'
import { WeftError } from '../errors.ts'

/** A JetStream answer takes milliseconds; after this the lattice's store counts as not there. */
const answerTimeoutMs = 5_000
/** A change that always finds another writer ahead of it gives up after this. */
const contentionTimeoutMs = 10_000
const firstPauseMs = 2
const longestPauseMs = 100

/** How a bucket is made when it is not there. */
interface BucketOptions {
  /** Values kept for each key; NATS's default is 1. */
  readonly history?: number
}

/** One KV bucket of the lattice. Every failure is a `WeftError` that names the bucket. */
export class Bucket {
  readonly name: string
  readonly connection: NatsConnection
  #kv: KV
  readonly #options: BucketOptions
  /** The last change per key: changes of one process wait for each other instead of racing. */
  readonly #turns = new Map<string, Promise<unknown>>()

  private constructor(
    name: string,
    connection: NatsConnection,
    { kv, options }: { readonly kv: KV; readonly options: BucketOptions },
  ) {
    this.name = name
    this.connection = connection
    this.#kv = kv
    this.#options = options
  }

  /** Opens the bucket; one that is not there is made with NATS's defaults, as every host of a lattice does. */
  static async open(connection: NatsConnection, name: string, options: BucketOptions = {}): Promise<Bucket> {
    return new Bucket(name, connection, { kv: await openKv(connection, name, options), options })
  }

  /** Makes the bucket again if it is gone, as after a restart of a server that kept nothing. */
  async reopen(): Promise<KV> {
    this.#kv = await openKv(this.connection, this.name, this.#options)
    return this.#kv
  }

  /** The bytes under `key`; undefined when there are none. */
  async get(key: string): Promise<Uint8Array | undefined> {
    const entry = await this.#entry(key)
    return isPut(entry) ? entry.value : undefined
  }

  /** The latest value with its revision, or the value that `revision` had; undefined when there is none. */
  async entry(
    key: string,
    revision?: number,
  ): Promise<{ readonly value: Uint8Array; readonly revision: number } | undefined> {
    const entry = await this.#answer(`get ${key}`, () =>
      revision === undefined ? this.#kv.get(key) : this.#kv.get(key, { revision }),
    )
    return isPut(entry) ? entry : undefined
  }

  /** Gives the revision that the value has now. */
  async put(key: string, value: Uint8Array | string): Promise<number> {
    return await this.#answer(`put ${key}`, () => this.#kv.put(key, value))
  }

  async purge(key: string): Promise<void> {
    await this.#answer(`purge ${key}`, () => this.#kv.purge(key))
  }

  /**
   * Reads, changes and writes one key, safe from other writers: when somebody was faster, `next` is asked again with
   * what they wrote. `next` gives undefined to leave the key as it is.
   */
  change(key: string, next: (current: Uint8Array | undefined) => string | undefined): Promise<void> {
    const before = this.#turns.get(key) ?? Promise.resolve()
    const turn = before.then(() => this.#changeNow(key, next))
    const settled = turn.catch(() => undefined)
    this.#turns.set(key, settled)
    void settled.then(() => {
      if (this.#turns.get(key) === settled) this.#turns.delete(key)
    })
    return turn
  }

  /** Every entry that there is now. */
  async entries(): Promise<ReadonlyMap<string, Uint8Array>> {
    return await this.#answer('read', async () => {
      const found = new Map<string, Uint8Array>()
      const history = await this.#kv.history()
      for await (const entry of history) {
        if (entry.operation === 'PUT') found.set(entry.key, entry.value)
        else found.delete(entry.key)
        if (entry.delta === 0) break
      }
      return found
    })
  }

  /** The keys that have a value now, without reading any. */
  async keys(): Promise<readonly string[]> {
    return await this.#answer('read the keys', async () => Array.fromAsync(await this.#kv.keys()))
  }

  async #changeNow(key: string, next: (current: Uint8Array | undefined) => string | undefined) {
    const end = performance.now() + contentionTimeoutMs
    for (let pause = firstPauseMs; performance.now() < end; pause = Math.min(pause * 2, longestPauseMs)) {
      const entry = await this.#entry(key)
      const value = next(isPut(entry) ? entry.value : undefined)
      if (value === undefined) return
      const written = await this.#answer(`change ${key}`, () =>
        this.#kv.put(key, value, { previousSeq: entry?.revision ?? 0 }).then(() => true, falseWhenOvertaken),
      )
      if (written) return
      await delay(Math.random() * pause)
    }
    throw new WeftError(
      'unavailable',
      `${this.name}: ${key} is being changed by others all the time; tried for ${contentionTimeoutMs} ms`,
    )
  }

  #entry(key: string): Promise<KvEntry | null> {
    return this.#answer(`get ${key}`, () => this.#kv.get(key))
  }

  async #answer<T>(deed: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await deadline(ask(), answerTimeoutMs)
    } catch (cause) {
      throw bucketError(this.name, deed, cause)
    }
  }
}

async function openKv(connection: NatsConnection, name: string, options: BucketOptions): Promise<KV> {
  try {
    return await deadline(new Kvm(connection).create(name, options), answerTimeoutMs)
  } catch (cause) {
    throw bucketError(name, 'open', cause)
  }
}

function bucketError(bucket: string, deed: string, cause: unknown): WeftError {
  const text = cause instanceof Error ? cause.message : String(cause)
  const code = /invalid (key|bucket)/.test(text) ? 'invalid' : 'unavailable'
  return new WeftError(code, `${bucket}: cannot ${deed}: ${text}`, { cause })
}

function isPut(entry: KvEntry | null): entry is KvEntry {
  return entry?.operation === 'PUT'
}

function falseWhenOvertaken(error: unknown): false {
  const overtaken: readonly number[] = [
    JetStreamApiCodes.StreamWrongLastSequence,
    JetStreamApiCodes.StreamWrongLastSequenceUnknown,
  ]
  if (error instanceof JetStreamApiError && overtaken.includes(error.code)) return false
  throw error
}
