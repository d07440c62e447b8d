import { type OtlpRequest, plainAttributes } from './otlp-receiver.ts'

/** A point of any kind, as OTLP/JSON has it, with plain attributes. */
export interface ReceivedPoint {
  readonly attributes: Readonly<Record<string, unknown>>
  readonly asDouble?: number
  readonly count?: string
  readonly sum?: number
  readonly bucketCounts?: readonly string[]
  readonly explicitBounds?: readonly number[]
  readonly exemplars?: readonly {
    readonly traceId?: string
    readonly spanId?: string
    readonly asDouble?: number
  }[]
}

export interface ReceivedMetric {
  readonly name: string
  readonly unit: string
  readonly resource: Readonly<Record<string, unknown>>
  readonly temporality: number | undefined
  readonly points: readonly ReceivedPoint[]
}

type Attributes = Parameters<typeof plainAttributes>[0]
type Data = {
  readonly aggregationTemporality?: number
  readonly dataPoints: readonly (Omit<ReceivedPoint, 'attributes'> & { readonly attributes: Attributes })[]
}
interface MetricsBody {
  readonly resourceMetrics?: readonly {
    readonly resource: { readonly attributes: Attributes }
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string
        readonly unit: string
        readonly gauge?: Data
        readonly sum?: Data
        readonly histogram?: Data
      }[]
    }[]
  }[]
}

/** The metrics of one request, by service and name: `hello weft.call.duration`. */
export function metricsIn(request: OtlpRequest): Map<string, ReceivedMetric> {
  const metrics = ((request.body as MetricsBody).resourceMetrics ?? []).flatMap(
    ({ resource, scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics: all }) =>
        all.map(({ name, unit, gauge, sum, histogram }) => {
          const data = gauge ?? sum ?? histogram
          const points = (data?.dataPoints ?? []).map((point) => ({
            ...point,
            attributes: plainAttributes(point.attributes),
          }))
          return {
            name,
            unit,
            resource: plainAttributes(resource.attributes),
            temporality: data?.aggregationTemporality,
            points,
          }
        }),
      ),
  )
  return new Map(metrics.map((metric) => [`${metric.resource['service.name']} ${metric.name}`, metric]))
}
