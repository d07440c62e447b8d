import { TraceFlags } from '@opentelemetry/api'
import { OTLPLogExporter as JsonLogExporter } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPLogExporter as ProtobufLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import type { Resource } from '@opentelemetry/resources'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { Log, LogLevel, LogRecord } from '../log.ts'
import { ExportQueue } from './export-queue.ts'
import { hrTimeFromMs } from './hr-time.ts'
import { scopeName } from './names.ts'
import { type Env, otlpTarget } from './otlp-target.ts'
import { createResources } from './resource.ts'
import { type Exporter, sendWith } from './send-with.ts'
import type { SpanResource } from './span.ts'
import { withinTime } from './within-time.ts'

export interface ExportLogOptions {
  readonly env: Env
  /** Where the exporter's own trouble is told; may write to this same sink, for it says each thing once. */
  readonly log: Log
  /** The host itself, whose lines name no component. */
  readonly host: SpanResource
  /** The service of a component or provider that a line names. */
  readonly resourceOf: (id: string) => SpanResource
}

/** A sink for log lines, with an end. */
export interface LogExport {
  /** Takes a line; never throws and never waits. */
  readonly sink: (record: LogRecord) => void
  readonly dropped: number
  flush(timeoutMs: number): Promise<void>
  stop(timeoutMs: number): Promise<void>
}

const severities = { trace: 1, debug: 5, info: 9, warn: 13, error: 17 } as const satisfies Record<
  LogLevel,
  number
>
const scope = { name: scopeName }

/** Exports log lines over OTLP with severity, trace and span id; undefined when `env` names no endpoint for logs. */
export function exportLog(options: ExportLogOptions): LogExport | undefined {
  const target = otlpTarget(options.env, 'logs')
  if (target.state === 'off') return undefined
  const resources = createResources(options.env)
  const exporter: Exporter<ReadableLogRecord[]> =
    target.protocol === 'http/json'
      ? new JsonLogExporter({ url: target.url, timeoutMillis: target.timeoutMs })
      : new ProtobufLogExporter({ url: target.url, timeoutMillis: target.timeoutMs })
  const queue = new ExportQueue<LogRecord>({
    label: `logs to ${target.url}`,
    log: options.log,
    send: (batch) =>
      sendWith(
        exporter,
        batch.map((record) => readableLogFromRecord(record, resources(makerOf(record, options)))),
      ),
  })
  return {
    sink: (record) => queue.push([record]),
    get dropped() {
      return queue.dropped
    },
    flush: (timeoutMs) => queue.flush(timeoutMs),
    stop: async (timeoutMs) => {
      await queue.flush(timeoutMs)
      await withinTime(exporter.shutdown(), timeoutMs)
    },
  }
}

function makerOf(record: LogRecord, options: ExportLogOptions): SpanResource {
  const id = record.attributes['component'] ?? record.attributes['provider']
  return typeof id === 'string' && id !== '' ? options.resourceOf(id) : options.host
}

function readableLogFromRecord(record: LogRecord, resource: Resource): ReadableLogRecord {
  const { traceId, spanId, ...attributes } = record.attributes
  const time = hrTimeFromMs(record.time)
  return {
    hrTime: time,
    hrTimeObserved: time,
    severityNumber: severities[record.level],
    severityText: record.level.toUpperCase(),
    body: record.message,
    resource,
    instrumentationScope: scope,
    attributes: Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)),
    droppedAttributesCount: 0,
    ...spanContextOf(traceId, spanId),
  }
}

function spanContextOf(traceId: unknown, spanId: unknown): Pick<ReadableLogRecord, 'spanContext'> {
  if (typeof traceId !== 'string' || !/^[0-9a-f]{32}$/.test(traceId)) return {}
  const known = typeof spanId === 'string' && /^[0-9a-f]{16}$/.test(spanId)
  return { spanContext: { traceId, spanId: known ? spanId : '', traceFlags: TraceFlags.SAMPLED } }
}
