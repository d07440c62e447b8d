import type { Labels, MeasuredUnder } from '../measure.ts'
import type { Exemplar } from './otlp-metrics.ts'

/** What a histogram has measured for one set of labels. Plain data. */
export interface HistogramState {
  readonly labels: Labels
  /** One more than there are bounds. */
  readonly counts: number[]
  count: number
  sum: number
  min: number
  max: number
  /** The first measurement under a sampled span, for each bucket. */
  readonly exemplars: (Exemplar | undefined)[]
}

/** One set of labels of a histogram; who measures often keeps it. */
export class HistogramSeries {
  readonly labels: Labels
  readonly #other: Labels | undefined
  readonly #bounds: readonly number[]
  #state: HistogramState
  /** True when it was forgotten: what it is told now goes nowhere. */
  isForgotten = false

  /** What is measured counts for `other` labels as well. */
  constructor(bounds: readonly number[], labels: Labels, other?: Labels) {
    this.labels = labels
    this.#other = other
    this.#bounds = bounds
    this.#state = emptyState(labels, bounds.length + 1)
  }

  observe(seconds: number, under?: MeasuredUnder): void {
    const state = this.#state
    const bounds = this.#bounds
    let bucket = 0
    while (bucket < bounds.length && seconds > (bounds[bucket] ?? 0)) bucket += 1
    state.counts[bucket] = (state.counts[bucket] ?? 0) + 1
    state.count += 1
    state.sum += seconds
    if (seconds < state.min) state.min = seconds
    if (seconds > state.max) state.max = seconds
    if (under?.sampled && !state.exemplars[bucket]) {
      const { traceId, spanId } = under
      state.exemplars[bucket] = { time: Date.now(), value: seconds, traceId, spanId }
    }
  }

  /** Adds what another thread measured. */
  add(other: HistogramState): void {
    const state = this.#state
    other.counts.forEach((count, bucket) => {
      state.counts[bucket] = (state.counts[bucket] ?? 0) + count
    })
    state.count += other.count
    state.sum += other.sum
    state.min = Math.min(state.min, other.min)
    state.max = Math.max(state.max, other.max)
    other.exemplars.forEach((exemplar, bucket) => {
      if (exemplar) state.exemplars[bucket] = exemplar
    })
  }

  /** Everything since the last `take`. */
  get state(): Readonly<HistogramState> {
    return this.#state
  }

  /** The same, and begins anew. */
  take(): HistogramState {
    const state = this.#state
    this.#state = emptyState(this.labels, this.#bounds.length + 1)
    return state
  }

  /** The same, for each set of labels. */
  takeEach(): HistogramState[] {
    const state = this.take()
    return this.#other ? [state, { ...state, labels: this.#other }] : [state]
  }

  /** The examples since the last time; they are shown once. */
  takeExemplars(): Exemplar[] {
    const { exemplars } = this.#state
    const found = exemplars.filter((exemplar) => exemplar !== undefined)
    exemplars.fill(undefined)
    return found
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

function emptyState(labels: Labels, buckets: number): HistogramState {
  return {
    labels,
    counts: new Array<number>(buckets).fill(0),
    count: 0,
    sum: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
    exemplars: new Array<undefined>(buckets).fill(undefined),
  }
}
