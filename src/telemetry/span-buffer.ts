import type { SpanRecord } from './span.ts'
import type { SpanDraft } from './span-draft.ts'
import { type SpanGroup, SpanGroups } from './span-groups.ts'
import { spanQueue } from './span-queue.ts'
import { surplusTraces } from './surplus-traces.ts'
import { withinTime } from './within-time.ts'

export interface SpanBufferOptions {
  /**
   * Takes a batch away, to the control thread. When it gives a promise, the next batch waits for it: so a control
   * thread that does not keep up costs spans, not memory.
   */
  readonly sink: (batch: SpanGroup[]) => void | Promise<void>
  /** Told of the spans that are lost. */
  readonly onDropped?: (count: number) => void
  /** How long a span waits, in milliseconds; where many come, they wait twice as long. Default 200. */
  readonly flushMs?: number
  /** A batch of this many spans goes at once. Default: see `spanQueue`. */
  readonly batchSize?: number
  /** Spans beyond this many that wait are dropped and counted. Default: see `spanQueue`. */
  readonly maxWaiting?: number
}

/** As many spans as this within `flushMs` are many: to hand them on costs more than what is in it. */
const many = 64
/** Who asks for the latest trace (`weft traces last`) waits half a second, and calls wait before they have spans, too. */
const mostLooks = 2

/** Collects the spans of one thread, encodes them as they come, and hands them on in batches. */
export class SpanBuffer {
  readonly #sink: SpanBufferOptions['sink']
  readonly #onDropped: (count: number) => void
  readonly #flushMs: number
  readonly #batchSize: number
  readonly #maxWaiting: number
  readonly #groups = new SpanGroups(surplusTraces())
  #timer: NodeJS.Timeout | undefined
  /** How often it was looked whether many come, and how many there were the last time. */
  #looks = 0
  #seen = 0
  #sending: Promise<void> | undefined
  #dropped = 0

  constructor(options: SpanBufferOptions) {
    this.#sink = options.sink
    this.#onDropped = options.onDropped ?? (() => {})
    this.#flushMs = options.flushMs ?? 200
    this.#batchSize = options.batchSize ?? spanQueue.batchSize
    this.#maxWaiting = options.maxWaiting ?? spanQueue.maxWaiting
  }

  /** How many spans were lost since the start. */
  get dropped(): number {
    return this.#dropped
  }

  /** Takes a span; never throws and never waits. Bound, so that it can be passed on. */
  readonly record = (span: SpanRecord): void => {
    if (!this.#hasRoom()) return
    this.#groups.add(span)
    this.#wait()
  }

  /** The same for the span of a call. */
  readonly recordDraft = (draft: SpanDraft): void => {
    if (!this.#hasRoom()) return
    this.#groups.addDraft(draft)
    this.#wait()
  }

  /** Hands on what waits now; settles when the sink has it all, or `timeoutMs` has passed. */
  async flush(timeoutMs = 1000): Promise<void> {
    const end = Date.now() + timeoutMs
    do {
      this.#send()
      if (this.#sending) await withinTime(this.#sending, Math.max(0, end - Date.now()))
    } while (this.#groups.count > 0 && Date.now() < end)
  }

  #drop(count: number): void {
    this.#dropped += count
    this.#onDropped(count)
  }

  #hasRoom(): boolean {
    if (this.#groups.count < this.#maxWaiting) return true
    this.#drop(1)
    return false
  }

  #wait(): void {
    if (this.#sending) return
    if (this.#groups.count >= this.#batchSize) this.#send()
    else if (!this.#timer) this.#lookLater()
  }

  #lookLater(): void {
    this.#timer = setTimeout(() => this.#look(), this.#flushMs).unref()
  }

  #look(): void {
    const { count } = this.#groups
    const isMany = count - this.#seen >= many
    this.#seen = count
    this.#looks += 1
    if (isMany && this.#looks < mostLooks) this.#lookLater()
    else this.#send()
  }

  #send(): void {
    if (this.#sending || this.#groups.count === 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#looks = 0
    this.#seen = 0
    const { count } = this.#groups
    const batch = this.#groups.take()
    try {
      const taken: unknown = this.#sink(batch)
      // What posts a message may give back true, which its type does not say.
      if (taken instanceof Promise) this.#waitFor(taken, count)
    } catch {
      this.#drop(count)
    }
  }

  #waitFor(taken: Promise<void>, size: number): void {
    this.#sending = taken
      .catch(() => {
        this.#drop(size)
      })
      .then(() => {
        this.#sending = undefined
        this.#send()
      })
  }
}
