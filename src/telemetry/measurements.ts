import type { CounterName, HistogramName, Labels, Measure, MeasuredUnder, Sample } from '../measure.ts'
import { type CounterKey, type GaugeKey, type MetricKey, metricList } from './metric-list.ts'
import { CounterSeries, HistogramSeries, type HistogramState } from './series.ts'
import { SeriesMap } from './series-map.ts'
import type { SpanResource } from './span.ts'

/** What one thread measured since the last time, as plain data. */
export interface MeasurementBatch {
  /** `control`, `data-0`, … */
  readonly thread: string
  readonly counters: readonly {
    readonly metric: CounterKey
    readonly labels: Labels
    readonly value: number
  }[]
  /** Every gauge as it stands; what is missing is gone. */
  readonly gauges: readonly { readonly metric: GaugeKey; readonly labels: Labels; readonly value: number }[]
  readonly histograms: readonly { readonly metric: HistogramName; readonly state: HistogramState }[]
  /** The services of the components that labels name. */
  readonly makers: Readonly<Record<string, SpanResource>>
}

interface Watch {
  readonly metric: CounterKey | GaugeKey
  readonly read: () => Iterable<Sample>
}

/** Collects what one thread measures. Whoever takes it away does so every few seconds. */
export class Measurements implements Measure {
  readonly #thread: string
  readonly #resourceOf: (id: string) => SpanResource
  readonly #counters = new Map<CounterKey, SeriesMap<CounterSeries>>()
  readonly #histograms = new Map<HistogramName, SeriesMap<HistogramSeries>>()
  readonly #watches = new Set<Watch>()
  /** The totals that were read the last time. */
  readonly #totals = new Map<string, number>()

  constructor(thread: string, resourceOf: (id: string) => SpanResource) {
    this.#thread = thread
    this.#resourceOf = resourceOf
  }

  add(counter: CounterName, value: number, labels: Labels): void {
    this.#count(counter, value, labels)
  }

  observe(histogram: HistogramName, seconds: number, labels: Labels, under?: MeasuredUnder): void {
    this.histogram(histogram, labels).observe(seconds, under)
  }

  watch(metric: Watch['metric'], read: Watch['read']): () => void {
    const watch = { metric, read }
    this.#watches.add(watch)
    return () => void this.#watches.delete(watch)
  }

  /**
   * The series with these labels, for who measures often; it may be forgotten when nobody used it for long. What it is told
   * counts for `other` labels as well.
   */
  histogram(metric: HistogramName, labels: Labels, other?: Labels): HistogramSeries {
    const known = this.#histograms.get(metric)
    if (known) return known.of(labels, other)
    const { bounds } = metricList[metric]
    const made = new SeriesMap((...both) => new HistogramSeries(bounds, ...both))
    this.#histograms.set(metric, made)
    return made.of(labels, other)
  }

  /** Everything since the last time; it is not kept. */
  take(): MeasurementBatch {
    const gauges = this.#readWatches()
    const histograms = [...this.#histograms].flatMap(([metric, map]) =>
      [...map]
        .filter(({ isEmpty }) => !isEmpty)
        .flatMap((series) => series.takeEach().map((state) => ({ metric, state }))),
    )
    this.#countOverflows()
    const counters = [...this.#counters].flatMap(([metric, map]) =>
      [...map]
        .filter(({ value }) => value !== 0)
        .map((series) => {
          const { labels, value } = series
          series.value = 0
          return { metric, labels, value }
        }),
    )
    const labels = [...counters, ...gauges, ...histograms.map(({ state }) => state)].map((one) => one.labels)
    return { thread: this.#thread, counters, gauges, histograms, makers: this.#makersOf(labels) }
  }

  #count(metric: CounterKey, value: number, labels: Labels): void {
    let map = this.#counters.get(metric)
    if (!map) {
      map = new SeriesMap((of) => new CounterSeries(of))
      this.#counters.set(metric, map)
    }
    map.of(labels).value += value
  }

  #readWatches(): { metric: GaugeKey; labels: Labels; value: number }[] {
    const gauges: { metric: GaugeKey; labels: Labels; value: number }[] = []
    for (const { metric, read } of this.#watches) {
      for (const { labels, value } of samplesOf(read)) {
        if (isGauge(metric)) gauges.push({ metric, labels, value })
        else this.#countTotal(metric, labels, value)
      }
    }
    return gauges
  }

  #countTotal(metric: CounterKey, labels: Labels, total: number): void {
    const key = [metric, ...Object.values(labels)].join('\0')
    const grown = total - (this.#totals.get(key) ?? 0)
    this.#totals.set(key, total)
    // A total that fell began anew.
    if (grown !== 0) this.#count(metric, grown > 0 ? grown : total, labels)
  }

  #countOverflows(): void {
    for (const [metric, map] of [...this.#counters, ...this.#histograms]) {
      if (map.overflows === 0) continue
      this.#count('seriesOverflow', map.overflows, { metric: metricList[metric].name })
      map.overflows = 0
    }
  }

  #makersOf(labels: readonly Labels[]): Record<string, SpanResource> {
    const ids = new Set(labels.map(({ component }) => component).filter((id) => id !== undefined))
    return Object.fromEntries([...ids].map((id) => [id, this.#resourceOf(id)]))
  }
}

// A part that can't say how it is must not cost what the others measured.
function samplesOf(read: () => Iterable<Sample>): Sample[] {
  try {
    return [...read()]
  } catch {
    return []
  }
}

function isGauge(metric: MetricKey): metric is GaugeKey {
  return metricList[metric].kind === 'gauge'
}
