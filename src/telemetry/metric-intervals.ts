import type { Env } from './otlp-target.ts'

const defaultExportMs = 60_000 // OTEL_METRIC_EXPORT_INTERVAL of the specification
/** So much a thread loses that crashes: more often, it would cost the requests of the others. */
const mostDeliveryMs = 5000
const leastDeliveryMs = 100

/** Milliseconds between two exports of metrics. */
export function exportIntervalMs(env: Env): number {
  const interval = Number(env['OTEL_METRIC_EXPORT_INTERVAL'])
  return interval > 0 && interval < 2 ** 31 ? interval : defaultExportMs
}

/** Milliseconds after which a thread hands on what it measured. */
export function deliveryIntervalMs(env: Env): number {
  return Math.max(leastDeliveryMs, Math.min(mostDeliveryMs, exportIntervalMs(env)))
}
