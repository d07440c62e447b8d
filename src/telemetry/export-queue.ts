import type { Log } from '../log.ts'
import { withinTime } from './within-time.ts'

export interface ExportQueueOptions<T> {
  /** Sends one batch; a rejection means that it is lost. */
  readonly send: (batch: readonly T[]) => Promise<void>
  /** What is sent where, for log lines: `traces to http://…`. */
  readonly label: string
  readonly log: Log
  /** The longest that an item waits while the collector answers, in milliseconds. Default 1000. */
  readonly delayMs?: number
  /** Default 512. */
  readonly batchSize?: number
  /** Items beyond this many that wait are dropped and counted. Default 8192. */
  readonly maxWaiting?: number
}

/**
 * Sends items in batches, one batch at a time. A collector that is down costs `maxWaiting` items of memory, one log line
 * when it goes and one when it is back.
 */
export class ExportQueue<T> {
  readonly #options: ExportQueueOptions<T>
  readonly #delayMs: number
  readonly #batchSize: number
  readonly #maxWaiting: number
  #waiting: T[] = []
  #timer: NodeJS.Timeout | undefined
  #draining: Promise<void> | undefined
  #isDown = false
  #dropped = 0
  #reported = 0

  constructor(options: ExportQueueOptions<T>) {
    this.#options = options
    this.#delayMs = options.delayMs ?? 1000
    this.#batchSize = options.batchSize ?? 512
    this.#maxWaiting = options.maxWaiting ?? 8192
  }

  /** How many items were lost since the start: the queue was full, or the collector refused them. */
  get dropped(): number {
    return this.#dropped
  }

  /** Takes items; never throws and never waits. */
  push(items: readonly T[]): void {
    const room = Math.max(0, this.#maxWaiting - this.#waiting.length)
    this.#dropped += Math.max(0, items.length - room)
    for (const item of items.slice(0, room)) this.#waiting.push(item)
    if (this.#draining) return
    if (this.#waiting.length >= this.#batchSize) this.#startDraining()
    else this.#timer ??= setTimeout(() => this.#startDraining(), this.#delayMs).unref()
  }

  /** Sends what waits now; settles when it is sent or lost, or `timeoutMs` has passed. */
  async flush(timeoutMs: number): Promise<void> {
    this.#startDraining()
    await withinTime(this.#draining ?? Promise.resolve(), timeoutMs)
  }

  #startDraining(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = undefined
      // What came between the last look at the queue and now has started no timer.
      if (this.#waiting.length > 0) this.#startDraining()
    })
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#batchSize)
      try {
        await this.#options.send(batch)
        this.#noteUp()
      } catch (error) {
        this.#dropped += batch.length
        this.#noteDown(error)
      }
    }
  }

  #noteDown(error: unknown): void {
    if (this.#isDown) return
    this.#isDown = true
    const reason = error instanceof Error ? error.message || error.name : String(error)
    this.#options.log.warn(
      `can't export ${this.#options.label}; trying on, what does not fit in memory is lost`,
      {
        error: reason,
      },
    )
  }

  #noteUp(): void {
    if (!this.#isDown) return
    this.#isDown = false
    const lost = this.#dropped - this.#reported
    this.#reported = this.#dropped
    this.#options.log.info(`exporting ${this.#options.label} again`, { lost })
  }
}
