import { setTimeout as delay } from 'node:timers/promises'
import type { KvWatchEntry } from '@nats-io/kv'
import type { QueuedIterator } from 'nats'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Bucket } from './bucket.ts'

export interface WatchBucketOptions {
  readonly bucket: Bucket
  readonly log: Log
  /** Called in order, one at a time; `value` is undefined when the key is gone. */
  readonly onEntry: (key: string, value: Uint8Array | undefined) => void | Promise<void>
}

export interface Watch {
  stop(): void
}

const retryMs = 500
/** Between two loads, so that a watch which ends at once cannot spin. */
const restartPauseMs = 20
const loadTimeoutMs = 10_000

/**
 * Follows a bucket: resolves when every entry that was there has been handed over, and then hands over each change.
 * After a reconnect it loads all again and tells only what differs, so that nothing that happened meanwhile is missed.
 */
export async function watchBucket(options: WatchBucketOptions): Promise<Watch> {
  const watch = new BucketWatch(options)
  await watch.start()
  return watch
}

class BucketWatch implements Watch {
  readonly #options: WatchBucketOptions
  readonly #revisions = new Map<string, number>()
  #iterator: QueuedIterator<KvWatchEntry> | undefined
  #status: AsyncIterable<unknown> | undefined
  #stopped = false

  constructor(options: WatchBucketOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const caughtUp = Promise.withResolvers<void>()
    void this.#followForEver(caughtUp)
    void this.#reloadAfterReconnects()
    const timer = setTimeout(() => {
      const message = `${this.#options.bucket.name}: not all entries came within ${loadTimeoutMs} ms`
      caughtUp.reject(new WeftError('unavailable', message))
    }, loadTimeoutMs)
    try {
      await caughtUp.promise
    } catch (error) {
      this.stop()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  stop(): void {
    this.#stopped = true
    this.#iterator?.stop()
    stopIterator(this.#status)
  }

  async #followForEver(first: PromiseWithResolvers<void>): Promise<void> {
    while (!this.#stopped && !this.#options.bucket.connection.isClosed()) {
      try {
        await this.#follow(first.resolve)
        await delay(restartPauseMs)
      } catch (error) {
        first.reject(error)
        if (this.#stopped) return
        this.#options.log.warn('a bucket cannot be watched; trying again', {
          bucket: this.#options.bucket.name,
          error: WeftError.from(error).message,
        })
        await delay(retryMs)
      }
    }
  }

  async #follow(caughtUp: () => void): Promise<void> {
    const kv = await this.#options.bucket.reopen()
    const { messages } = (await kv.status()).streamInfo.state
    const iterator = await kv.watch()
    this.#iterator = iterator
    if (this.#stopped) return iterator.stop()
    const seen = new Set<string>()
    let loading = messages > 0
    if (!loading) await this.#forgetAllBut(seen, caughtUp)
    for await (const entry of iterator) {
      if (this.#stopped) return
      await this.#handOver(entry)
      if (!loading) continue
      seen.add(entry.key)
      // delta counts what still comes: 0 is the last of the entries that were there.
      if (entry.delta !== 0) continue
      loading = false
      await this.#forgetAllBut(seen, caughtUp)
    }
  }

  async #forgetAllBut(seen: ReadonlySet<string>, caughtUp: () => void): Promise<void> {
    for (const key of [...this.#revisions.keys()].filter((known) => !seen.has(known))) {
      this.#revisions.delete(key)
      await this.#tell(key, undefined)
    }
    caughtUp()
  }

  async #handOver(entry: KvWatchEntry): Promise<void> {
    if (entry.operation !== 'PUT') {
      if (this.#revisions.delete(entry.key)) await this.#tell(entry.key, undefined)
      return
    }
    if (this.#revisions.get(entry.key) === entry.revision) return
    this.#revisions.set(entry.key, entry.revision)
    await this.#tell(entry.key, entry.value)
  }

  async #tell(key: string, value: Uint8Array | undefined): Promise<void> {
    try {
      await this.#options.onEntry(key, value)
    } catch (error) {
      this.#options.log.error('a change of a bucket entry could not be handled', {
        bucket: this.#options.bucket.name,
        key,
        error: WeftError.from(error).message,
      })
    }
  }

  async #reloadAfterReconnects(): Promise<void> {
    const status = this.#options.bucket.connection.status()
    this.#status = status
    for await (const { type } of status) {
      if (this.#stopped) return
      if (type === 'reconnect') this.#iterator?.stop()
    }
  }
}

/** The client types the status as a bare AsyncIterable, although it is an iterator that can be stopped. */
function stopIterator(iterable: AsyncIterable<unknown> | undefined): void {
  if (iterable && 'stop' in iterable && typeof iterable.stop === 'function') iterable.stop()
}
