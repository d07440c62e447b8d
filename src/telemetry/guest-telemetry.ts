import type { GuestOtel, OtelLimits, OtelLog, OtelMetrics } from '../capability/otel.ts'
import type { Measure } from '../measure.ts'
import type { SpanRecord, SpanResource } from './span.ts'

/** Log records and metrics that one guest made. Plain data, handed to the control thread. */
export type GuestBatch =
  | { readonly component: string; readonly maker: SpanResource; readonly logs: readonly OtelLog[] }
  | { readonly maker: SpanResource; readonly metrics: readonly OtelMetrics[] }

export interface GuestTelemetryOptions {
  readonly limits: OtelLimits
  readonly resourceOf: (component: string) => SpanResource
  readonly recordSpan: (span: SpanRecord) => void
  readonly send: (batches: readonly GuestBatch[]) => void
  readonly measure: Measure
}

/** Things wait this long for others, in milliseconds. */
const delayMs = 100
/** Things of guests beyond this many that wait are dropped and counted. */
const mostWaiting = 8192

/** Takes what the guests of a data thread make known of themselves, under the component's own resource. */
export function guestTelemetry(options: GuestTelemetryOptions): GuestOtel & { flush(): void } {
  const { limits, resourceOf, recordSpan, measure } = options
  let waiting: GuestBatch[] = []
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    const batches = waiting
    waiting = []
    if (batches.length > 0) options.send(batches)
  }
  const drop = (signal: string, reason: string, count: number) =>
    measure.add('telemetryDropped', count, { signal, reason })
  const push = (batch: GuestBatch, signal: string) => {
    if (waiting.length >= mostWaiting) {
      drop(signal, 'thread-queue-full', 1)
      return
    }
    waiting.push(batch)
    timer ??= setTimeout(flush, delayMs).unref()
  }
  return {
    limits,
    span: (component, span) => recordSpan({ ...span, resource: resourceOf(component) }),
    log: (component, log) => push({ component, maker: resourceOf(component), logs: [log] }, 'logs'),
    metrics: (component, metrics) => push({ maker: resourceOf(component), metrics }, 'metrics'),
    dropped: drop,
    flush,
  }
}
