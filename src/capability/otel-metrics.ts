import type { OtelExemplar, OtelLimits, OtelMetric, OtelMetrics, OtelNumberPoint } from './otel.ts'
import {
  attributesFrom,
  idFrom,
  nanosFrom,
  scopeFrom,
  type WitDatetime,
  type WitKeyValue,
  type WitScope,
} from './otel-value.ts'

/** `wasi:otel/metrics` variant `metric-number`. */
interface WitNumber {
  readonly tag: 'f64' | 's64' | 'u64'
  readonly val: number | bigint
}

interface WitExemplar {
  readonly filteredAttributes: readonly WitKeyValue[]
  readonly time: WitDatetime
  readonly value: WitNumber
  readonly spanId: string
  readonly traceId: string
}

interface WitBucket {
  readonly offset: number
  readonly counts: ArrayLike<bigint> & Iterable<bigint>
}

/** All kinds of points: each kind has some of the fields. */
interface WitPoint {
  readonly attributes: readonly WitKeyValue[]
  readonly exemplars: readonly WitExemplar[]
  readonly value: WitNumber
  readonly count: bigint
  readonly sum: WitNumber
  readonly min?: WitNumber | undefined
  readonly max?: WitNumber | undefined
  readonly bounds: Iterable<number>
  readonly bucketCounts: Iterable<bigint>
  readonly scale: number
  readonly zeroCount: bigint
  readonly zeroThreshold: number
  readonly positiveBucket: WitBucket
  readonly negativeBucket: WitBucket
}

interface WitData {
  readonly dataPoints: readonly WitPoint[]
  readonly startTime?: WitDatetime | undefined
  readonly time: WitDatetime
  readonly temporality?: 'cumulative' | 'delta' | 'low-memory'
  readonly isMonotonic?: boolean
}

/** `wasi:otel/metrics` record `resource-metrics`; its resource is the host's to say. */
export interface WitResourceMetrics {
  readonly scopeMetrics: readonly {
    readonly scope: WitScope
    readonly metrics: readonly {
      readonly name: string
      readonly description: string
      readonly unit: string
      readonly data: { readonly tag: string; readonly val: WitData }
    }[]
  }[]
}

/** A guest's export within the limits, as it aggregated it; `dropped` counts the points that were left out. */
export function metricsFromWit(
  { scopeMetrics }: WitResourceMetrics,
  limits: OtelLimits,
): { readonly metrics: OtelMetrics[]; readonly dropped: number } {
  const points = scopeMetrics.reduce(
    (sum, { metrics }) => sum + metrics.reduce((all, { data }) => all + data.val.dataPoints.length, 0),
    0,
  )
  if (points > limits.points) return { metrics: [], dropped: points }
  return {
    metrics: scopeMetrics.map(({ scope, metrics }) => ({
      scope: scopeFrom(scope, limits.point),
      metrics: metrics.map(({ name, description, unit, data }) => ({
        name: name.slice(0, limits.point.valueLength),
        description: description.slice(0, limits.point.valueLength),
        unit: unit.slice(0, limits.point.valueLength),
        data: dataFrom(data.tag, data.val, limits),
      })),
    })),
    dropped: 0,
  }
}

function dataFrom(tag: string, data: WitData, limits: OtelLimits): OtelMetric['data'] {
  const temporality = data.temporality === 'delta' ? 'delta' : 'cumulative'
  const points = <T>(read: (point: WitPoint) => T) => data.dataPoints.map(read)
  const common = (point: WitPoint) => ({
    attributes: attributesFrom(point.attributes, limits.point).attributes,
    ...(data.startTime && { start: nanosFrom(data.startTime) }),
    time: nanosFrom(data.time),
    exemplars: point.exemplars.map((exemplar) => exemplarFrom(exemplar, limits)),
  })
  const number = (point: WitPoint): OtelNumberPoint => ({ ...common(point), value: numberFrom(point.value) })
  const distribution = (point: WitPoint) => ({
    ...common(point),
    count: point.count,
    sum: Number(point.sum.val),
    ...(point.min && { min: Number(point.min.val) }),
    ...(point.max && { max: Number(point.max.val) }),
  })
  if (tag.endsWith('-gauge')) return { kind: 'gauge', points: points(number) }
  if (tag.endsWith('-sum'))
    return { kind: 'sum', isMonotonic: data.isMonotonic === true, temporality, points: points(number) }
  if (tag.endsWith('-exponential-histogram'))
    return {
      kind: 'exponentialHistogram',
      temporality,
      points: points((point) => ({
        ...distribution(point),
        scale: point.scale,
        zeroCount: point.zeroCount,
        zeroThreshold: point.zeroThreshold,
        positive: { offset: point.positiveBucket.offset, counts: [...point.positiveBucket.counts] },
        negative: { offset: point.negativeBucket.offset, counts: [...point.negativeBucket.counts] },
      })),
    }
  return {
    kind: 'histogram',
    temporality,
    points: points((point) => ({
      ...distribution(point),
      bounds: [...point.bounds],
      counts: [...point.bucketCounts],
    })),
  }
}

function exemplarFrom(exemplar: WitExemplar, limits: OtelLimits): OtelExemplar {
  const traceId = idFrom(exemplar.traceId, 32)
  const spanId = idFrom(exemplar.spanId, 16)
  return {
    time: nanosFrom(exemplar.time),
    value: numberFrom(exemplar.value),
    attributes: attributesFrom(exemplar.filteredAttributes, limits.point).attributes,
    ...(traceId !== undefined && { traceId }),
    ...(spanId !== undefined && { spanId }),
  }
}

function numberFrom({ tag, val }: WitNumber): number | bigint {
  if (tag === 'f64') return Number(val)
  // OTLP's integers are signed: what is beyond them goes as a double.
  const whole = BigInt(val)
  return BigInt.asIntN(64, whole) === whole ? whole : Number(whole)
}
