import type { Log, LogLevel, LogRecord } from '../log.ts'
import type { DropReason } from './export-queue.ts'
import { OtlpExport } from './otlp-export.ts'
import { type OtlpLog, writeLogs } from './otlp-logs.ts'
import type { Env } from './otlp-target.ts'
import { queueSizes } from './queue-sizes.ts'
import type { SpanResource } from './span.ts'

export interface ExportLogOptions {
  readonly env: Env
  /** Where the exporter's own trouble is told; may write to this same sink, for it says each thing once. */
  readonly log: Log
  /** The host itself, whose lines name no component. */
  readonly host: SpanResource
  /** The service of a component or provider that a line names. */
  readonly resourceOf: (id: string) => SpanResource
  readonly onDropped?: (count: number, reason: DropReason) => void
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

interface MadeLog {
  readonly maker: SpanResource
  readonly record: LogRecord
}

/** Exports log lines over OTLP with severity, trace and span id, where `env` names an endpoint for logs. */
export function exportLog(options: ExportLogOptions): LogExport {
  const { env, log, onDropped } = options
  const otlp = new OtlpExport<MadeLog, OtlpLog>({
    env,
    signal: 'logs',
    log,
    ...(onDropped && { onDropped }),
    makerOf: (made) => made.maker,
    itemsOf: (made) => [otlpLogFromRecord(made.record)],
    write: writeLogs,
    queue: queueSizes(env, 'BLRP'),
  })
  return {
    sink: (record) => otlp.push([{ maker: makerOf(record, options), record }]),
    get dropped() {
      return otlp.dropped
    },
    flush: (timeoutMs) => otlp.flush(timeoutMs),
    stop: (timeoutMs) => otlp.stop(timeoutMs),
  }
}

function makerOf(record: LogRecord, options: ExportLogOptions): SpanResource {
  const id = record.attributes['component'] ?? record.attributes['provider']
  return typeof id === 'string' && id !== '' ? options.resourceOf(id) : options.host
}

/** A log line as OTLP has it. */
function otlpLogFromRecord(record: LogRecord): OtlpLog {
  const { traceId, spanId, ...attributes } = record.attributes
  const hasTrace = typeof traceId === 'string' && /^[0-9a-f]{32}$/.test(traceId)
  const hasSpan = hasTrace && typeof spanId === 'string' && /^[0-9a-f]{16}$/.test(spanId)
  return {
    time: record.time,
    observed: record.time,
    severity: severities[record.level],
    severityText: record.level.toUpperCase(),
    body: record.message,
    attributes,
    ...(hasTrace && { traceId }),
    ...(hasSpan && { spanId }),
  }
}
