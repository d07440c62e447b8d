import { guestError } from './guest-error.ts'
import type { OtelSession } from './otel.ts'
import { logFromWit, type WitLogRecord } from './otel-log.ts'
import { metricsFromWit, type WitResourceMetrics } from './otel-metrics.ts'
import {
  spanFromWit,
  traceFromWit,
  type WitSpanContext,
  type WitSpanData,
  witFromTrace,
} from './otel-span.ts'

/**
 * The interfaces of `wasi:otel@0.2.0-rc.2` by name. `current-span-context` and `outer-span-context` are one line of the
 * WIT that changed its name: both are there. What is odd about a guest's data is left out and counted, never an error.
 */
export function otelImports(session: OtelSession): Readonly<Record<string, object>> {
  return {
    'wasi:otel/types': {},
    'wasi:otel/tracing': {
      onStart(context: WitSpanContext) {
        const trace = traceFromWit(context)
        if (trace) session.start(trace)
        else session.drop('traces', 'invalid')
      },
      onEnd(data: WitSpanData) {
        const span = spanFromWit(data, session.limits)
        if (span) session.end(span, data.spanContext.traceFlags.sampled === true)
        else session.drop('traces', 'invalid')
      },
      currentSpanContext: () => witFromTrace(session.current),
      outerSpanContext: () => witFromTrace(session.outer),
    },
    'wasi:otel/metrics': {
      export(data: WitResourceMetrics) {
        const { metrics, dropped } = metricsFromWit(data, session.limits)
        if (dropped > 0) {
          session.drop('metrics', 'too-many', dropped)
          throw guestError(`${dropped} data points in one export, the limit is ${session.limits.points}`)
        }
        session.metrics(metrics)
      },
    },
    'wasi:otel/logs': {
      onEmit: (record: WitLogRecord) => session.log(logFromWit(record, session.current, session.limits)),
    },
  }
}
