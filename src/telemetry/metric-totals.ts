import type { HistogramName, Labels } from '../measure.ts'
import type { MeasurementBatch } from './measurements.ts'
import { type CounterKey, type GaugeKey, type MetricDefinition, metricList } from './metric-list.ts'
import type { HistogramPoint, NumberPoint, OtlpMetric, Temporality } from './otlp-metrics.ts'
import { PointsByService } from './points-by-service.ts'
import { CounterSeries, HistogramSeries } from './series.ts'
import { SeriesMap } from './series-map.ts'
import type { SpanResource } from './span.ts'

/** The metrics of one service, ready to be exported. */
export interface ServiceMetrics {
  readonly maker: SpanResource
  readonly metrics: readonly OtlpMetric[]
}

interface GaugeValue {
  readonly metric: GaugeKey
  readonly labels: Labels
  value: number
}

interface Started {
  /** When its first measurement came; milliseconds since the epoch. */
  readonly start: number
}

class StartedCounter extends CounterSeries implements Started {
  readonly start = Date.now()
}

class StartedHistogram extends HistogramSeries implements Started {
  readonly start = Date.now()
}

/** More than one host ever runs; each batch names those that measured something. */
const mostMakers = 10_000

/** Adds up what the threads of a host measured: the one writer of its series. */
export class MetricTotals {
  readonly #host: SpanResource
  readonly #temporality: Temporality
  readonly #counters = new Map<CounterKey, SeriesMap<StartedCounter>>()
  readonly #histograms = new Map<HistogramName, SeriesMap<StartedHistogram>>()
  /** By thread: a gauge is what each thread last said, added up. */
  readonly #gauges = new Map<string, Map<string, GaugeValue>>()
  readonly #makers = new Map<string, SpanResource>()
  #collectedAt = Date.now()

  constructor(host: SpanResource, temporality: Temporality) {
    this.#host = host
    this.#temporality = temporality
  }

  accept(batch: MeasurementBatch): void {
    if (this.#makers.size > mostMakers) this.#makers.clear()
    for (const [id, maker] of Object.entries(batch.makers)) this.#makers.set(id, maker)
    for (const { metric, labels, value } of batch.counters) this.#counter(metric, labels).value += value
    for (const { metric, state } of batch.histograms) this.#histogram(metric, state.labels).add(state)
    this.#gauges.set(batch.thread, this.#gaugesAfter(batch))
  }

  /** Everything as it stands, by service. What is delta begins anew. */
  collect(): ServiceMetrics[] {
    const time = Date.now()
    this.#countOverflows()
    const services = new PointsByService()
    for (const [metric, map] of this.#counters) {
      for (const series of map) {
        if (series.value !== 0) services.numbers(metric, series.labels).push(this.#sumPoint(series, time))
      }
    }
    for (const [metric, map] of this.#histograms) {
      for (const series of map) {
        if (series.isEmpty) continue
        services.histograms(metric, series.labels).push(this.#histogramPoint(metric, series, time))
      }
    }
    for (const { metric, labels, value } of this.#summedGauges()) {
      services.numbers(metric, labels).push({ attributes: labels, time, value })
    }
    this.#collectedAt = time
    return services.all(this.#temporality).map(({ id, metrics }) => ({ maker: this.#makerOf(id), metrics }))
  }

  #makerOf(id: string): SpanResource {
    if (id === '') return this.#host
    return this.#makers.get(id) ?? { ...this.#host, service: id }
  }

  #sumPoint(series: StartedCounter, time: number): NumberPoint {
    const { labels, value } = series
    if (this.#temporality === 'delta') series.value = 0
    return { attributes: labels, start: this.#startOf(series), time, value }
  }

  #histogramPoint(metric: HistogramName, series: StartedHistogram, time: number): HistogramPoint {
    const exemplars = series.takeExemplars()
    const start = this.#startOf(series)
    const { counts, count, sum, min, max } = this.#temporality === 'delta' ? series.take() : series.state
    const values = { count, sum, min, max, counts, exemplars }
    return { attributes: series.labels, start, time, bounds: metricList[metric].bounds, ...values }
  }

  #countOverflows(): void {
    for (const [metric, map] of [...this.#counters, ...this.#histograms]) {
      if (map.overflows === 0) continue
      this.#counter('seriesOverflow', { metric: metricList[metric].name }).value += map.overflows
      map.overflows = 0
    }
  }

  #startOf(series: Started): number {
    return this.#temporality === 'delta' ? Math.max(series.start, this.#collectedAt) : series.start
  }

  #counter(metric: CounterKey, labels: Labels): StartedCounter {
    const map = this.#counters.get(metric) ?? new SeriesMap((of) => new StartedCounter(of))
    this.#counters.set(metric, map)
    return map.of(labels)
  }

  #histogram(metric: HistogramName, labels: Labels): StartedHistogram {
    const { bounds } = metricList[metric]
    const map = this.#histograms.get(metric) ?? new SeriesMap((of) => new StartedHistogram(bounds, of))
    this.#histograms.set(metric, map)
    return map.of(labels)
  }

  #gaugesAfter(batch: MeasurementBatch): Map<string, GaugeValue> {
    const before = this.#gauges.get(batch.thread)
    return new Map(
      batch.gauges.map((gauge) => {
        const key = keyOf(gauge.metric, gauge.labels)
        const definition: MetricDefinition = metricList[gauge.metric]
        const value =
          definition.keeps === 'highest' ? Math.max(gauge.value, before?.get(key)?.value ?? 0) : gauge.value
        return [key, { ...gauge, value }]
      }),
    )
  }

  #summedGauges(): GaugeValue[] {
    const sums = new Map<string, GaugeValue>()
    for (const gauges of this.#gauges.values()) {
      for (const [key, gauge] of gauges) {
        const sum = sums.get(key)
        if (sum) sum.value += gauge.value
        else sums.set(key, { ...gauge })
        const definition: MetricDefinition = metricList[gauge.metric]
        if (definition.keeps === 'highest') gauge.value = 0
      }
    }
    return [...sums.values()]
  }
}

function keyOf(metric: GaugeKey, labels: Labels): string {
  return [metric, ...Object.values(labels)].join('\0')
}
