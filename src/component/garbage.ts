/** So much linear memory that was let go is worth a collection. */
const worthBytes = 64 * 1024 * 1024
/** A collection stops its thread for some milliseconds. */
const leastPauseMs = 10_000
/** What a call failed with keeps its guest's memory until the call is described (`telemetry/ended-calls.ts`). */
const leastWaitMs = 100

/**
 * Linear memory that instances of a thread left behind. Only a collection gives it back to the system, and a thread on which
 * nothing happens any more has none by itself: it would hold what its busiest moment took for as long as it lives.
 */
export class Garbage {
  readonly #collect: () => void
  #bytes = 0
  #collectedAt = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  constructor(collect: () => void = collectAll) {
    this.#collect = collect
  }

  /** So many bytes more are of no use to anybody. */
  add(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes < worthBytes || this.#timer) return
    const rest = this.#collectedAt + leastPauseMs - Date.now()
    this.#timer = setTimeout(() => this.#now(), Math.max(leastWaitMs, rest)).unref()
  }

  #now(): void {
    this.#timer = undefined
    this.#bytes = 0
    this.#collectedAt = Date.now()
    this.#collect()
  }
}

/** Does nothing where the engine was started without `--expose-gc`, which `weft.mjs` sets. */
function collectAll(): void {
  void globalThis.gc?.({ type: 'major', execution: 'async' })
}
