import type { Labels, MeasuredUnder } from '../measure.ts'
import type { Exemplar } from './otlp-metrics.ts'

/** What a histogram has measured for one set of labels. Plain data. */
export interface HistogramState {
  readonly labels: Labels
  /** One more than there are bounds. */
  readonly counts: readonly number[]
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
  /** The first measurement under a sampled span, for each bucket. */
  readonly exemplars: readonly (Exemplar | undefined)[]
}

/** Where these stand among a series' numbers; behind them the counts of its buckets. */
const sum = 0
const min = 1
const max = 2
const firstCount = 3

/** One set of labels of a histogram; who measures often keeps it. */
export class HistogramSeries {
  readonly labels: Labels
  readonly #other: Labels | undefined
  readonly #bounds: readonly number[]
  /** In one piece of memory: each call is measured, and fields of an object would be boxes of their own. */
  readonly #numbers: Float64Array
  readonly #exemplars: (Exemplar | undefined)[]
  /** True when it was forgotten: what it is told now goes nowhere. */
  isForgotten = false

  /** What is measured counts for `other` labels as well. */
  constructor(bounds: readonly number[], labels: Labels, other?: Labels) {
    this.labels = labels
    this.#other = other
    this.#bounds = bounds
    const buckets = bounds.length + 1
    this.#numbers = new Float64Array(firstCount + buckets)
    this.#exemplars = new Array<undefined>(buckets).fill(undefined)
    this.#empty()
  }

  /** `end` is when that was, in milliseconds since the epoch; now when left out. */
  observe(seconds: number, under?: MeasuredUnder, end?: number): void {
    const numbers = this.#numbers
    const bounds = this.#bounds
    let bucket = 0
    while (bucket < bounds.length && seconds > (bounds[bucket] ?? 0)) bucket += 1
    this.#count(bucket, 1)
    numbers[sum] = (numbers[sum] ?? 0) + seconds
    if (seconds < (numbers[min] ?? 0)) numbers[min] = seconds
    if (seconds > (numbers[max] ?? 0)) numbers[max] = seconds
    if (under?.sampled && !this.#exemplars[bucket]) {
      const { traceId, spanId } = under
      this.#exemplars[bucket] = { time: end ?? Date.now(), value: seconds, traceId, spanId }
    }
  }

  /** Adds what another thread measured. */
  add(other: HistogramState): void {
    const numbers = this.#numbers
    for (const [bucket, count] of other.counts.entries()) this.#count(bucket, count)
    numbers[sum] = (numbers[sum] ?? 0) + other.sum
    numbers[min] = Math.min(numbers[min] ?? 0, other.min)
    numbers[max] = Math.max(numbers[max] ?? 0, other.max)
    for (const [bucket, exemplar] of other.exemplars.entries())
      if (exemplar) this.#exemplars[bucket] = exemplar
  }

  /** True when nothing was measured since the last `take`. */
  get isEmpty(): boolean {
    return this.#numbers[max] === Number.NEGATIVE_INFINITY
  }

  /** Everything since the last `take`. */
  get state(): HistogramState {
    const [total = 0, least = 0, most = 0, ...counts] = this.#numbers
    return {
      labels: this.labels,
      counts,
      count: counts.reduce((all, count) => all + count, 0),
      sum: total,
      min: least,
      max: most,
      exemplars: [...this.#exemplars],
    }
  }

  /** The same, and begins anew. */
  take(): HistogramState {
    const { state } = this
    this.#empty()
    return state
  }

  /** The same, for each set of labels. */
  takeEach(): HistogramState[] {
    const state = this.take()
    return this.#other ? [state, { ...state, labels: this.#other }] : [state]
  }

  /** The examples since the last time; they are shown once. */
  takeExemplars(): Exemplar[] {
    const found = this.#exemplars.filter((exemplar) => exemplar !== undefined)
    this.#exemplars.fill(undefined)
    return found
  }

  #count(bucket: number, count: number): void {
    const numbers = this.#numbers
    numbers[firstCount + bucket] = (numbers[firstCount + bucket] ?? 0) + count
  }

  #empty(): void {
    this.#numbers.fill(0)
    this.#numbers[min] = Number.POSITIVE_INFINITY
    this.#numbers[max] = Number.NEGATIVE_INFINITY
    this.#exemplars.fill(undefined)
  }
}

/** One set of labels of a counter. */
export class CounterSeries {
  readonly labels: Labels
  value = 0
  isForgotten = false

  constructor(labels: Labels) {
    this.labels = labels
  }
}
