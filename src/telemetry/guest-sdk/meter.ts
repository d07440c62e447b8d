import type { Attributes, Context, Meter, MetricOptions } from '@opentelemetry/api'
import { type HostTime, keyValues } from './host.ts'
import { currentIds, type GuestScope, hostScope } from './tracer.ts'

const defaultBounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

interface Series {
  readonly attributes: Attributes
  sum: number
  count: number
  min: number
  max: number
  readonly buckets: number[]
  exemplar: object | undefined
}

interface Instrument {
  readonly name: string
  readonly kind: 'sum' | 'gauge' | 'histogram'
  readonly isMonotonic: boolean
  readonly options: MetricOptions
  readonly bounds: readonly number[]
  readonly series: Map<string, Series>
}

type Observe = (result: { observe(value: number, attributes?: Attributes): void }) => void | Promise<void>

/**
 * A meter whose measurements go to the host with `flush`. They are deltas: what was measured since the last flush. So they
 * are right also where each invocation has an instance of its own.
 */
export class GuestMeter implements Meter {
  readonly #own: GuestScope
  readonly #instruments: Instrument[] = []
  readonly #observers: { readonly instrument: Instrument; readonly observe: Observe }[] = []
  #start: HostTime

  constructor(own: GuestScope) {
    this.#own = own
    this.#start = own.times.now()
  }

  createCounter(name: string, options: MetricOptions = {}) {
    const instrument = this.#add(name, { kind: 'sum', isMonotonic: true, options })
    return { add: (value: number, attributes?: Attributes) => this.#record(instrument, value, attributes) }
  }

  createUpDownCounter(name: string, options: MetricOptions = {}) {
    const instrument = this.#add(name, { kind: 'sum', isMonotonic: false, options })
    return { add: (value: number, attributes?: Attributes) => this.#record(instrument, value, attributes) }
  }

  createHistogram(name: string, options: MetricOptions = {}) {
    const instrument = this.#add(name, { kind: 'histogram', isMonotonic: true, options })
    return { record: (value: number, attributes?: Attributes) => this.#record(instrument, value, attributes) }
  }

  createGauge(name: string, options: MetricOptions = {}) {
    const instrument = this.#add(name, { kind: 'gauge', isMonotonic: false, options })
    return { record: (value: number, attributes?: Attributes) => this.#record(instrument, value, attributes) }
  }

  createObservableGauge(name: string, options: MetricOptions = {}) {
    return this.#observable(this.#add(name, { kind: 'gauge', isMonotonic: false, options }))
  }

  createObservableCounter(name: string, options: MetricOptions = {}) {
    return this.#observable(this.#add(name, { kind: 'sum', isMonotonic: true, options }))
  }

  createObservableUpDownCounter(name: string, options: MetricOptions = {}) {
    return this.#observable(this.#add(name, { kind: 'sum', isMonotonic: false, options }))
  }

  addBatchObservableCallback(): void {}

  removeBatchObservableCallback(): void {}

  /** Hands what was measured to the host. */
  async flush(): Promise<void> {
    const { host, times } = this.#own
    for (const { instrument, observe } of this.#observers)
      await observe({ observe: (value, attributes) => this.#record(instrument, value, attributes) })
    const range = { startTime: this.#start, time: times.now() }
    const metrics = this.#instruments.flatMap((one) =>
      one.series.size > 0 ? [this.#metric(one, range)] : [],
    )
    for (const { series } of this.#instruments) series.clear()
    this.#start = range.time
    if (metrics.length === 0) return
    const resource = { attributes: [], schemaUrl: undefined }
    host.metrics?.export({ resource, scopeMetrics: [{ scope: hostScope(this.#own), metrics }] })
  }

  #add(name: string, kind: Pick<Instrument, 'kind' | 'isMonotonic' | 'options'>): Instrument {
    const bounds = kind.options.advice?.explicitBucketBoundaries ?? defaultBounds
    const instrument: Instrument = { name, ...kind, bounds, series: new Map() }
    this.#instruments.push(instrument)
    return instrument
  }

  #observable(instrument: Instrument) {
    return {
      addCallback: (observe: Observe) => {
        this.#observers.push({ instrument, observe })
      },
      removeCallback: (observe: Observe) => {
        const at = this.#observers.findIndex((one) => one.observe === observe)
        if (at >= 0) this.#observers.splice(at, 1)
      },
    }
  }

  #record(instrument: Instrument, value: number, attributes: Attributes = {}, _context?: Context): void {
    if (!Number.isFinite(value) || (instrument.isMonotonic && instrument.kind === 'sum' && value < 0)) return
    const key = JSON.stringify(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)))
    const series = instrument.series.get(key) ?? newSeries(attributes, instrument.bounds.length + 1)
    instrument.series.set(key, series)
    series.sum = instrument.kind === 'gauge' ? value : series.sum + value
    series.count++
    series.min = Math.min(series.min, value)
    series.max = Math.max(series.max, value)
    const at = instrument.bounds.findIndex((bound) => value <= bound)
    const bucket = at < 0 ? instrument.bounds.length : at
    series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1
    series.exemplar = this.#exemplar(value)
  }

  #exemplar(value: number): object | undefined {
    const ids = currentIds(this.#own)
    if (!ids || (ids.traceFlags & 1) === 0) return undefined
    const { traceId, spanId } = ids
    return {
      filteredAttributes: [],
      time: this.#own.times.now(),
      value: metricNumber(value),
      spanId,
      traceId,
    }
  }

  #metric(
    { name, kind, isMonotonic, options, bounds, series }: Instrument,
    range: { readonly startTime: HostTime; readonly time: HostTime },
  ): object {
    const { times } = this.#own
    const common = (one: Series) => ({
      attributes: keyValues(one.attributes),
      exemplars: one.exemplar ? [one.exemplar] : [],
    })
    const all = [...series.values()]
    const data =
      kind === 'histogram'
        ? {
            tag: 'f64-histogram',
            val: {
              ...range,
              temporality: 'delta',
              dataPoints: all.map((one) => ({
                ...common(one),
                count: times.u64(one.count),
                bounds: [...bounds],
                bucketCounts: one.buckets.map((count) => times.u64(count)),
                min: metricNumber(one.min),
                max: metricNumber(one.max),
                sum: metricNumber(one.sum),
              })),
            },
          }
        : {
            tag: `f64-${kind}`,
            val: {
              ...range,
              dataPoints: all.map((one) => ({ ...common(one), value: metricNumber(one.sum) })),
              ...(kind === 'sum' && { temporality: 'delta', isMonotonic }),
            },
          }
    return { name, description: options.description ?? '', unit: options.unit ?? '', data }
  }
}

function newSeries(attributes: Attributes, buckets: number): Series {
  return {
    attributes,
    sum: 0,
    count: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
    buckets: new Array<number>(buckets).fill(0),
    exemplar: undefined,
  }
}

function metricNumber(value: number): { readonly tag: 'f64'; readonly val: number } {
  return { tag: 'f64', val: value }
}
