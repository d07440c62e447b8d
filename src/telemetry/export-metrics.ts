import type { Log } from '../log.ts'
import type { DropReason } from './export-queue.ts'
import type { MeasurementBatch } from './measurements.ts'
import { exportIntervalMs } from './metric-intervals.ts'
import { MetricTotals, type ServiceMetrics } from './metric-totals.ts'
import { OtlpExport } from './otlp-export.ts'
import { type OtlpMetric, writeMetrics } from './otlp-metrics.ts'
import type { Env } from './otlp-target.ts'
import type { SpanResource } from './span.ts'

export interface ExportMetricsOptions {
  readonly env: Env
  readonly log: Log
  /** Whose the series are that name no component. */
  readonly host: SpanResource
  readonly onDropped?: (count: number, reason: DropReason) => void
}

/** Where the control thread brings what the threads measured. */
export interface MetricExport {
  accept(batch: MeasurementBatch): void
  /** Exports the series as they stand; settles when that is done, or `timeoutMs` has passed. */
  flush(timeoutMs: number): Promise<void>
  stop(timeoutMs: number): Promise<void>
}

/**
 * Exports metrics over OTLP, one series for all threads of the host, each component's under its own service. Series are
 * cumulative, or deltas where `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE` says so.
 */
export function exportMetrics(options: ExportMetricsOptions): MetricExport {
  const { env, log, host, onDropped } = options
  const isDelta = env['OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE']?.trim().toLowerCase() === 'delta'
  const totals = new MetricTotals(host, isDelta ? 'delta' : 'cumulative')
  const otlp = new OtlpExport<ServiceMetrics, OtlpMetric>({
    env,
    signal: 'metrics',
    log,
    ...(onDropped && { onDropped }),
    makerOf: (service) => service.maker,
    itemsOf: (service) => service.metrics,
    write: writeMetrics,
    // Everything that was collected goes in one request; one collection may wait behind it.
    queue: {
      batchSize: 1_000_000,
      maxWaiting: 20_000,
      delayMs: 10,
      weigh: (service) => service.metrics.length,
    },
  })
  const collect = () => otlp.push(totals.collect())
  const timer = setInterval(collect, exportIntervalMs(env)).unref()
  const flush = (timeoutMs: number) => {
    collect()
    return otlp.flush(timeoutMs)
  }
  return {
    accept: (batch) => totals.accept(batch),
    flush,
    stop: async (timeoutMs) => {
      clearInterval(timer)
      collect()
      await otlp.stop(timeoutMs)
    },
  }
}
