import { type OtlpAttributes, type OtlpGroup, writeAttributes, writeRequest } from './otlp-common.ts'
import { type OtlpField, type OtlpMessage, type OtlpWriter, otlpFields } from './otlp-writer.ts'

/** A moment: milliseconds since the epoch with fractions, or nanoseconds as a bigint. */
type Time = number | bigint

export type Temporality = 'delta' | 'cumulative'

/** A metric with its points. */
export interface OtlpMetric {
  readonly name: string
  readonly description: string
  readonly unit: string
  readonly data:
    | { readonly kind: 'gauge'; readonly points: readonly NumberPoint[] }
    | {
        readonly kind: 'sum'
        readonly isMonotonic: boolean
        readonly temporality: Temporality
        readonly points: readonly NumberPoint[]
      }
    | {
        readonly kind: 'histogram'
        readonly temporality: Temporality
        readonly points: readonly HistogramPoint[]
      }
    | {
        readonly kind: 'exponentialHistogram'
        readonly temporality: Temporality
        readonly points: readonly ExponentialPoint[]
      }
}

interface Point {
  readonly attributes: OtlpAttributes
  readonly start?: Time
  readonly time: Time
  readonly exemplars?: readonly Exemplar[]
}

export interface NumberPoint extends Point {
  /** A bigint is an integer; a number is a double, whole or not. */
  readonly value: number | bigint
}

export interface HistogramPoint extends Point {
  readonly count: number | bigint
  readonly sum?: number
  readonly min?: number
  readonly max?: number
  readonly bounds: readonly number[]
  /** One more than there are bounds. */
  readonly counts: readonly (number | bigint)[]
}

export interface ExponentialPoint extends Point {
  readonly count: number | bigint
  readonly sum?: number
  readonly min?: number
  readonly max?: number
  readonly scale: number
  readonly zeroCount: number | bigint
  readonly zeroThreshold: number
  readonly positive: Buckets
  readonly negative: Buckets
}

interface Buckets {
  readonly offset: number
  readonly counts: readonly (number | bigint)[]
}

/** One measurement that was made under a span. */
export interface Exemplar {
  readonly time: Time
  readonly value: number | bigint
  readonly traceId?: string
  readonly spanId?: string
  /** Attributes of the measurement that its series has not. */
  readonly attributes?: OtlpAttributes
}

const fields = otlpFields({
  name: 1,
  description: 2,
  unit: 3,
  gauge: 5,
  sum: 7,
  histogram: 9,
  exponentialHistogram: 10,
})
const dataFields = otlpFields({ dataPoints: 1, aggregationTemporality: 2, isMonotonic: 3 })
const numberFields = otlpFields({
  startTimeUnixNano: 2,
  timeUnixNano: 3,
  asDouble: 4,
  exemplars: 5,
  asInt: 6,
  attributes: 7,
})
const histogramFields = otlpFields({
  startTimeUnixNano: 2,
  timeUnixNano: 3,
  count: 4,
  sum: 5,
  bucketCounts: 6,
  explicitBounds: 7,
  exemplars: 8,
  attributes: 9,
  min: 11,
  max: 12,
})
const exponentialFields = otlpFields({
  attributes: 1,
  startTimeUnixNano: 2,
  timeUnixNano: 3,
  count: 4,
  sum: 5,
  scale: 6,
  zeroCount: 7,
  positive: 8,
  negative: 9,
  exemplars: 11,
  min: 12,
  max: 13,
  zeroThreshold: 14,
})
const bucketFields = otlpFields({ offset: 1, bucketCounts: 2 })
const exemplarFields = otlpFields({
  timeUnixNano: 2,
  asDouble: 3,
  spanId: 4,
  traceId: 5,
  asInt: 6,
  filteredAttributes: 7,
})

/** `Metric` */
const writeMetric: OtlpMessage<OtlpMetric> = (out, metric) => {
  out.text(fields.name, metric.name)
  out.text(fields.description, metric.description)
  out.text(fields.unit, metric.unit)
  out.message(fields[metric.data.kind], metric.data, writeData)
}

/** `ExportMetricsServiceRequest` */
export const writeMetrics: OtlpMessage<readonly OtlpGroup<OtlpMetric>[]> = writeRequest(
  { groups: 'resourceMetrics', scopes: 'scopeMetrics', items: 'metrics' },
  (out, field, items) => out.messages(field, items, writeMetric),
)

const writeData: OtlpMessage<OtlpMetric['data']> = (out, data) => {
  const { dataPoints } = dataFields
  if (data.kind === 'histogram') out.messages(dataPoints, data.points, writeHistogramPoint)
  else if (data.kind === 'exponentialHistogram') out.messages(dataPoints, data.points, writeExponentialPoint)
  else out.messages(dataPoints, data.points, writeNumberPoint)
  if (data.kind === 'gauge') return
  out.integer(dataFields.aggregationTemporality, data.temporality === 'delta' ? 1 : 2)
  if (data.kind === 'sum' && data.isMonotonic) out.bool(dataFields.isMonotonic, true)
}

const writeNumberPoint: OtlpMessage<NumberPoint> = (out, point) => {
  writeTimes(out, numberFields, point)
  writeEither(out, numberFields, point.value)
  out.messages(numberFields.exemplars, point.exemplars ?? [], writeExemplar)
  writeAttributes(out, numberFields.attributes, point.attributes)
}

const writeHistogramPoint: OtlpMessage<HistogramPoint> = (out, point) => {
  writeTimes(out, histogramFields, point)
  writeTotals(out, histogramFields, point)
  out.fixed64s(histogramFields.bucketCounts, point.counts)
  out.doubles(histogramFields.explicitBounds, point.bounds)
  out.messages(histogramFields.exemplars, point.exemplars ?? [], writeExemplar)
  writeAttributes(out, histogramFields.attributes, point.attributes)
}

const writeExponentialPoint: OtlpMessage<ExponentialPoint> = (out, point) => {
  writeTimes(out, exponentialFields, point)
  writeTotals(out, exponentialFields, point)
  out.sint32(exponentialFields.scale, point.scale)
  out.fixed64(exponentialFields.zeroCount, point.zeroCount)
  out.message(exponentialFields.positive, point.positive, writeBuckets)
  out.message(exponentialFields.negative, point.negative, writeBuckets)
  out.double(exponentialFields.zeroThreshold, point.zeroThreshold)
  out.messages(exponentialFields.exemplars, point.exemplars ?? [], writeExemplar)
  writeAttributes(out, exponentialFields.attributes, point.attributes)
}

const writeBuckets: OtlpMessage<Buckets> = (out, buckets) => {
  out.sint32(bucketFields.offset, buckets.offset)
  out.uint64s(bucketFields.bucketCounts, buckets.counts)
}

const writeExemplar: OtlpMessage<Exemplar> = (out, exemplar) => {
  out.time(exemplarFields.timeUnixNano, exemplar.time)
  writeEither(out, exemplarFields, exemplar.value)
  out.hex(exemplarFields.spanId, exemplar.spanId ?? '')
  out.hex(exemplarFields.traceId, exemplar.traceId ?? '')
  writeAttributes(out, exemplarFields.filteredAttributes, exemplar.attributes ?? {})
}

function writeTimes(
  out: OtlpWriter,
  names: { readonly startTimeUnixNano: OtlpField; readonly timeUnixNano: OtlpField },
  point: Point,
): void {
  if (point.start !== undefined) out.time(names.startTimeUnixNano, point.start)
  out.time(names.timeUnixNano, point.time)
}

function writeTotals(
  out: OtlpWriter,
  names: Readonly<Record<'count' | 'sum' | 'min' | 'max', OtlpField>>,
  point: HistogramPoint | ExponentialPoint,
): void {
  out.fixed64(names.count, point.count)
  if (point.sum !== undefined) out.double(names.sum, point.sum)
  if (point.min !== undefined) out.double(names.min, point.min)
  if (point.max !== undefined) out.double(names.max, point.max)
}

function writeEither(
  out: OtlpWriter,
  names: { readonly asDouble: OtlpField; readonly asInt: OtlpField },
  value: number | bigint,
): void {
  if (typeof value === 'bigint') out.sfixed64(names.asInt, value)
  else out.double(names.asDouble, value)
}
