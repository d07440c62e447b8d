import type { HistogramName, Labels } from '../measure.ts'
import { type CounterKey, type GaugeKey, type MetricKey, metricList } from './metric-list.ts'
import type { HistogramPoint, NumberPoint, OtlpMetric, Temporality } from './otlp-metrics.ts'

interface Points {
  readonly numbers: Map<CounterKey | GaugeKey, NumberPoint[]>
  readonly histograms: Map<HistogramName, HistogramPoint[]>
}

/** Points under the component that their labels name, '' for the host, and under their metric. */
export class PointsByService {
  readonly #services = new Map<string, Points>()

  numbers(metric: CounterKey | GaugeKey, labels: Labels): NumberPoint[] {
    return listIn(this.#of(labels).numbers, metric)
  }

  histograms(metric: HistogramName, labels: Labels): HistogramPoint[] {
    return listIn(this.#of(labels).histograms, metric)
  }

  all(temporality: Temporality): { readonly id: string; readonly metrics: readonly OtlpMetric[] }[] {
    return [...this.#services].map(([id, { numbers, histograms }]) => ({
      id,
      metrics: [
        ...[...numbers].map(([metric, points]) =>
          described(
            metric,
            metricList[metric].kind === 'gauge'
              ? { kind: 'gauge', points }
              : { kind: 'sum', isMonotonic: true, temporality, points },
          ),
        ),
        ...[...histograms].map(([metric, points]) =>
          described(metric, { kind: 'histogram', temporality, points }),
        ),
      ],
    }))
  }

  #of(labels: Labels): Points {
    const id = labels['component'] ?? ''
    const known = this.#services.get(id)
    if (known) return known
    const made: Points = { numbers: new Map(), histograms: new Map() }
    this.#services.set(id, made)
    return made
  }
}

function listIn<K, P>(map: Map<K, P[]>, key: K): P[] {
  const list = map.get(key) ?? []
  map.set(key, list)
  return list
}

function described(metric: MetricKey, data: OtlpMetric['data']): OtlpMetric {
  const { name, description, unit } = metricList[metric]
  return { name, description, unit, data }
}
