import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { Log } from '../log.ts'
import { ExportQueue } from './export-queue.ts'
import { type Env, type OtlpTarget, otlpTarget } from './otlp-target.ts'
import { encodeSpanMessages } from './publish-spans.ts'
import { readableSpanFromRecord } from './readable-span.ts'
import { createResources } from './resource.ts'
import { type Exporter, sendWith } from './send-with.ts'
import type { SpanRecord } from './span.ts'
import { withinTime } from './within-time.ts'

export interface ExportSpansOptions {
  readonly env: Env
  readonly log: Log
  /** Puts one message on `weft.spans.{lattice}`. Left out, spans stay off the lattice. */
  readonly publishSpans?: (message: Uint8Array) => void
}

/** Where the control thread brings the spans of its data threads. */
export interface SpanExport {
  /** Takes a batch; never throws and never waits. */
  accept(batch: readonly SpanRecord[]): void
  /** How many spans did not reach the collector. */
  readonly dropped: number
  /** Sends what waits; settles when it is sent or lost, or `timeoutMs` has passed. */
  flush(timeoutMs: number): Promise<void>
  /** Flushes and frees the exporter. Nothing may be accepted afterwards. */
  stop(timeoutMs: number): Promise<void>
}

/** Exports spans over OTLP where `env` says so, and publishes them in the lattice. */
export function exportSpans(options: ExportSpansOptions): SpanExport {
  const target = otlpTarget(options.env, 'traces')
  const otlp = target.state === 'on' ? createOtlp(target, options) : undefined
  const publish = options.publishSpans ? createPublisher(options.publishSpans, options.log) : undefined
  return {
    accept: (batch) => {
      otlp?.queue.push(batch)
      publish?.(batch)
    },
    get dropped() {
      return otlp?.queue.dropped ?? 0
    },
    flush: async (timeoutMs) => otlp?.queue.flush(timeoutMs),
    stop: async (timeoutMs) => {
      const end = Date.now() + timeoutMs
      await otlp?.queue.flush(timeoutMs)
      if (otlp) await withinTime(otlp.exporter.shutdown(), Math.max(0, end - Date.now()))
    },
  }
}

function createOtlp(target: OtlpTarget & { state: 'on' }, options: ExportSpansOptions) {
  const resourceOf = createResources(options.env)
  const exporter: Exporter<ReadableSpan[]> =
    target.protocol === 'http/json'
      ? new JsonTraceExporter({ url: target.url, timeoutMillis: target.timeoutMs })
      : new ProtobufTraceExporter({ url: target.url, timeoutMillis: target.timeoutMs })
  const queue = new ExportQueue<SpanRecord>({
    label: `traces to ${target.url}`,
    log: options.log,
    send: (batch) =>
      sendWith(
        exporter,
        batch.map((span) => readableSpanFromRecord(span, resourceOf(span.resource))),
      ),
  })
  return { exporter, queue }
}

function createPublisher(
  publishSpans: (message: Uint8Array) => void,
  log: Log,
): (batch: readonly SpanRecord[]) => void {
  let isDown = false
  return (batch) => {
    try {
      for (const message of encodeSpanMessages(batch)) publishSpans(message)
      isDown = false
    } catch (error) {
      if (!isDown)
        log.warn("can't publish spans in the lattice; `weft traces` will miss some", { error: String(error) })
      isDown = true
    }
  }
}
