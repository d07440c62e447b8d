import {
  type OtlpAttributes,
  type OtlpGroup,
  type OtlpValue,
  writeAttributes,
  writeRequest,
  writeValue,
} from './otlp-common.ts'
import { type OtlpMessage, otlpFields } from './otlp-writer.ts'

/** A log record as OTLP has it. */
export interface OtlpLog {
  /** Milliseconds since the epoch with fractions, or nanoseconds as a bigint. */
  readonly time: number | bigint
  readonly observed: number | bigint
  /** 1 to 24; 0 is unknown. */
  readonly severity: number
  readonly severityText: string
  readonly body: OtlpValue | undefined
  readonly attributes: OtlpAttributes
  readonly traceId?: string
  readonly spanId?: string
  readonly sampled?: boolean
  readonly eventName?: string
  readonly droppedAttributes?: number
}

const fields = otlpFields({
  timeUnixNano: 1,
  severityNumber: 2,
  severityText: 3,
  body: 5,
  attributes: 6,
  droppedAttributesCount: 7,
  flags: 8,
  traceId: 9,
  spanId: 10,
  observedTimeUnixNano: 11,
  eventName: 12,
})

/** `LogRecord` */
const writeLog: OtlpMessage<OtlpLog> = (out, log) => {
  out.time(fields.timeUnixNano, log.time)
  out.time(fields.observedTimeUnixNano, log.observed)
  out.integer(fields.severityNumber, log.severity)
  out.text(fields.severityText, log.severityText)
  if (log.body !== undefined) out.message(fields.body, log.body, writeValue)
  writeAttributes(out, fields.attributes, log.attributes)
  out.integer(fields.droppedAttributesCount, log.droppedAttributes ?? 0)
  if (log.traceId !== undefined) {
    out.fixed32(fields.flags, log.sampled === false ? 0 : 1)
    out.hex(fields.traceId, log.traceId)
    out.hex(fields.spanId, log.spanId ?? '')
  }
  out.text(fields.eventName, log.eventName ?? '')
}

/** `ExportLogsServiceRequest` */
export const writeLogs: OtlpMessage<readonly OtlpGroup<OtlpLog>[]> = writeRequest(
  { groups: 'resourceLogs', scopes: 'scopeLogs', items: 'logRecords' },
  (out, field, items) => out.messages(field, items, writeLog),
)
