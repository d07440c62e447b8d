import { attributeNames as names } from './names.ts'

/** Upper bounds in seconds: the ones the conventions give for HTTP and RPC durations, and three below for local calls. */
export const durationBounds: readonly number[] = [
  0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
]

/** What was measured of one kind of call since the last time it was taken. Plain data. */
export interface DurationDelta {
  readonly attributes: Readonly<Record<string, string | boolean>>
  /** One more than there are bounds. */
  readonly counts: readonly number[]
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
}

interface Series extends DurationDelta {
  readonly counts: number[]
  count: number
  sum: number
  min: number
  max: number
}

/** The SDK's limit on series per instrument; what comes beyond goes into one series marked as overflow. */
const maxSeries = 2000
const overflow = { [names.metricOverflow]: true }

/** Adds up call durations: on a data thread between two deliveries, on the control thread for good. */
export class CallDurations {
  readonly #series = new Map<string, Series>()

  /** One call that took `seconds`. */
  observe(attributes: Readonly<Record<string, string>>, seconds: number): void {
    const series = this.#seriesOf(attributes)
    const bucket = durationBounds.findIndex((bound) => seconds <= bound)
    const index = bucket < 0 ? durationBounds.length : bucket
    series.counts[index] = (series.counts[index] ?? 0) + 1
    series.count += 1
    series.sum += seconds
    series.min = Math.min(series.min, seconds)
    series.max = Math.max(series.max, seconds)
  }

  /** Adds what another thread measured. */
  add(deltas: readonly DurationDelta[]): void {
    for (const delta of deltas) {
      const series = this.#seriesOf(delta.attributes)
      delta.counts.forEach((count, index) => {
        series.counts[index] = (series.counts[index] ?? 0) + count
      })
      series.count += delta.count
      series.sum += delta.sum
      series.min = Math.min(series.min, delta.min)
      series.max = Math.max(series.max, delta.max)
    }
  }

  /** Everything so far, as values of its own. */
  read(): DurationDelta[] {
    return [...this.#series.values()].map((series) => ({ ...series, counts: [...series.counts] }))
  }

  /** Everything since the last time, and begins anew. */
  take(): DurationDelta[] {
    const deltas = [...this.#series.values()]
    this.#series.clear()
    return deltas
  }

  #seriesOf(attributes: Readonly<Record<string, string | boolean>>): Series {
    const key = Object.values(attributes).join('\0')
    const known = this.#series.get(key)
    if (known) return known
    if (this.#series.size >= maxSeries && attributes !== overflow) return this.#seriesOf(overflow)
    const counts = new Array<number>(durationBounds.length + 1).fill(0)
    const series: Series = {
      attributes,
      counts,
      count: 0,
      sum: 0,
      min: Number.POSITIVE_INFINITY,
      max: Number.NEGATIVE_INFINITY,
    }
    this.#series.set(key, series)
    return series
  }
}
