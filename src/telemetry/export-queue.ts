import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { withinTime } from './within-time.ts'

/** Why telemetry reached nobody. */
export type DropReason = 'queue-full' | 'rejected' | 'failed' | 'partial'

export interface ExportQueueOptions<T> {
  /** Sends one batch and says how many of it the collector did not take; a rejection means that all are lost. */
  readonly send: (batch: readonly T[]) => Promise<{ readonly rejected: number; readonly message?: string }>
  /** What is sent where, for log lines: `traces to http://…`. */
  readonly label: string
  readonly log: Log
  /** Told of everything that is lost. */
  readonly onDropped?: (count: number, reason: DropReason) => void
  /** How much an item counts towards the sizes below. Default 1. */
  readonly weigh?: (item: T) => number
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
  readonly #weigh: (item: T) => number
  readonly #delayMs: number
  readonly #batchSize: number
  readonly #maxWaiting: number
  #waiting: T[] = []
  #weight = 0
  #timer: NodeJS.Timeout | undefined
  #draining: Promise<void> | undefined
  #isDown = false
  #isPartial = false
  #dropped = 0
  #reported = 0

  constructor(options: ExportQueueOptions<T>) {
    this.#options = options
    this.#weigh = options.weigh ?? (() => 1)
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
    let lost = 0
    for (const item of items) {
      const weight = this.#weigh(item)
      if (this.#weight + weight > this.#maxWaiting) lost += weight
      else {
        this.#waiting.push(item)
        this.#weight += weight
      }
    }
    this.#drop(lost, 'queue-full')
    if (this.#draining || this.#waiting.length === 0) return
    if (this.#weight >= this.#batchSize) this.#startDraining()
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
      const { batch, weight } = this.#nextBatch()
      try {
        const { rejected, message } = await this.#options.send(batch)
        this.#noteUp()
        if (rejected > 0) this.#notePartial(rejected, message ?? '')
        else this.#isPartial = false
      } catch (error) {
        this.#drop(weight, error instanceof WeftError && error.code === 'invalid' ? 'rejected' : 'failed')
        this.#noteDown(error)
      }
    }
  }

  #nextBatch(): { batch: T[]; weight: number } {
    let weight = 0
    const end = this.#waiting.findIndex((item, index) => {
      weight += this.#weigh(item)
      if (weight <= this.#batchSize || index === 0) return false
      weight -= this.#weigh(item)
      return true
    })
    const batch = this.#waiting.splice(0, end < 0 ? this.#waiting.length : end)
    this.#weight -= weight
    return { batch, weight }
  }

  #drop(count: number, reason: DropReason): void {
    if (count === 0) return
    this.#dropped += count
    this.#options.onDropped?.(count, reason)
  }

  #notePartial(rejected: number, message: string): void {
    this.#drop(rejected, 'partial')
    if (this.#isPartial) return
    this.#isPartial = true
    this.#options.log.warn(`the collector did not take all ${this.#options.label}`, { rejected, message })
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
