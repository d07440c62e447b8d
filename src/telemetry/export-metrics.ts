import type { HrTime } from '@opentelemetry/api'
import { ValueType } from '@opentelemetry/api'
import { OTLPMetricExporter as JsonMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as ProtobufMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import type { Resource } from '@opentelemetry/resources'
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  InstrumentType,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics'
import { preciseNow } from '../call/course.ts'
import type { Log } from '../log.ts'
import { CallDurations, type DurationDelta, durationBounds } from './call-durations.ts'
import { ExportQueue } from './export-queue.ts'
import { hrTimeFromMs } from './hr-time.ts'
import { metricNames, scopeName } from './names.ts'
import { type Env, otlpTarget } from './otlp-target.ts'
import { createResources } from './resource.ts'
import { sendWith } from './send-with.ts'
import type { SpanResource } from './span.ts'
import { withinTime } from './within-time.ts'

export interface ExportMetricsOptions {
  readonly env: Env
  readonly log: Log
  /** Whose series these are: the host, for all that runs on it. */
  readonly host: SpanResource
}

/** Where the control thread brings what its data threads measured. */
export interface MetricExport {
  accept(deltas: readonly DurationDelta[]): void
  /** Exports the series as they stand; settles when that is done, or `timeoutMs` has passed. */
  flush(timeoutMs: number): Promise<void>
  stop(timeoutMs: number): Promise<void>
}

const defaultIntervalMs = 60_000 // OTEL_METRIC_EXPORT_INTERVAL of the specification

/**
 * Exports call durations over OTLP, one series for all threads of the host; undefined when `env` names no endpoint for
 * metrics. Series are cumulative, or deltas where `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE` says so.
 */
export function exportMetrics(options: ExportMetricsOptions): MetricExport | undefined {
  const target = otlpTarget(options.env, 'metrics')
  if (target.state === 'off') return undefined
  const settings = { url: target.url, timeoutMillis: target.timeoutMs }
  const exporter: PushMetricExporter =
    target.protocol === 'http/json' ? new JsonMetricExporter(settings) : new ProtobufMetricExporter(settings)
  const resource = createResources(options.env)(options.host)
  const queue = new ExportQueue<ResourceMetrics>({
    label: `metrics to ${target.url}`,
    log: options.log,
    batchSize: 1,
    maxWaiting: 2,
    send: async (batch) => {
      for (const metrics of batch) await sendWith(exporter, metrics)
    },
  })
  const series = createSeries(exporter, resource)
  const collect = () => {
    const metrics = series.collect()
    if (metrics) queue.push([metrics])
  }
  const timer = setInterval(collect, intervalOf(options.env)).unref()
  const flush = (timeoutMs: number) => {
    collect()
    return queue.flush(timeoutMs)
  }
  return {
    accept: (deltas) => series.durations.add(deltas),
    flush,
    stop: async (timeoutMs) => {
      clearInterval(timer)
      await flush(timeoutMs)
      await withinTime(exporter.shutdown(), timeoutMs)
    },
  }
}

function intervalOf(env: Env): number {
  const interval = Number(env['OTEL_METRIC_EXPORT_INTERVAL'])
  return interval > 0 && interval < 2 ** 31 ? interval : defaultIntervalMs
}

function createSeries(exporter: PushMetricExporter, resource: Resource) {
  const durations = new CallDurations()
  const temporality =
    exporter.selectAggregationTemporality?.(InstrumentType.HISTOGRAM) ?? AggregationTemporality.CUMULATIVE
  const isDelta = temporality === AggregationTemporality.DELTA
  let startTime = hrTimeFromMs(preciseNow())
  const collect = (): ResourceMetrics | undefined => {
    const measured = isDelta ? durations.take() : durations.read()
    const endTime = hrTimeFromMs(preciseNow())
    if (measured.length === 0) return undefined
    const dataPoints = measured.map((delta) => dataPoint(delta, { startTime, endTime }))
    if (isDelta) startTime = endTime
    return histogramOf({ resource, dataPoints, temporality })
  }
  return { durations, collect }
}

function dataPoint(
  delta: DurationDelta,
  times: { startTime: HrTime; endTime: HrTime },
): DataPoint<Histogram> {
  const { count, sum, min, max } = delta
  const buckets = { boundaries: [...durationBounds], counts: [...delta.counts] }
  return { ...times, attributes: { ...delta.attributes }, value: { buckets, count, sum, min, max } }
}

function histogramOf(of: {
  readonly resource: Resource
  readonly dataPoints: DataPoint<Histogram>[]
  readonly temporality: AggregationTemporality
}): ResourceMetrics {
  const descriptor = {
    name: metricNames.callDuration,
    description: 'How long calls take until they are over, bodies included.',
    unit: 's',
    valueType: ValueType.DOUBLE,
  }
  const metric = {
    descriptor,
    aggregationTemporality: of.temporality,
    dataPointType: DataPointType.HISTOGRAM as const,
    dataPoints: of.dataPoints,
  }
  return { resource: of.resource, scopeMetrics: [{ scope: { name: scopeName }, metrics: [metric] }] }
}
