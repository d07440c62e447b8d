import type { TraceContext } from '../call/trace-context.ts'
import type { OtelLimits, OtelLog } from './otel.ts'
import {
  attributesFrom,
  idFrom,
  nanosFrom,
  otelValueFrom,
  scopeFrom,
  type WitDatetime,
  type WitKeyValue,
  type WitScope,
} from './otel-value.ts'

/** `wasi:otel/logs` record `log-record`. */
export interface WitLogRecord {
  readonly timestamp?: WitDatetime | undefined
  readonly observedTimestamp?: WitDatetime | undefined
  readonly severityText?: string | undefined
  readonly severityNumber?: number | undefined
  readonly body?: string | undefined
  readonly attributes?: readonly WitKeyValue[] | undefined
  readonly eventName?: string | undefined
  readonly instrumentationScope?: WitScope | undefined
  readonly traceId?: string | undefined
  readonly spanId?: string | undefined
  readonly traceFlags?: { readonly sampled?: boolean } | undefined
}

const mostSevere = 24

/** A guest's log record within the limits; one without a trace belongs to `current`. */
export function logFromWit(
  record: WitLogRecord,
  current: TraceContext | undefined,
  { logRecord: limits, point }: OtelLimits,
): OtelLog {
  const now = BigInt(Date.now()) * 1_000_000n
  const { attributes, dropped } = attributesFrom(record.attributes ?? [], limits)
  const number = record.severityNumber ?? 0
  const body = record.body === undefined ? undefined : otelValueFrom(record.body, limits.valueLength)
  const lostBody = record.body !== undefined && body === undefined ? 1 : 0
  return {
    time: record.timestamp ? nanosFrom(record.timestamp) : now,
    observed: record.observedTimestamp ? nanosFrom(record.observedTimestamp) : now,
    severity: number <= mostSevere ? number : 0,
    severityText: (record.severityText ?? '').slice(0, limits.valueLength),
    body,
    attributes,
    ...traceOf(record, current),
    ...(record.eventName !== undefined && { eventName: record.eventName.slice(0, limits.valueLength) }),
    ...(dropped + lostBody > 0 && { droppedAttributes: dropped + lostBody }),
    scope: record.instrumentationScope ? scopeFrom(record.instrumentationScope, point) : { name: '' },
  }
}

function traceOf(
  { traceId, spanId, traceFlags }: WitLogRecord,
  current: TraceContext | undefined,
): Pick<OtelLog, 'traceId' | 'spanId' | 'sampled'> {
  const trace = traceId === undefined ? undefined : idFrom(traceId, 32)
  if (trace === undefined)
    return current ? { traceId: current.traceId, spanId: current.spanId, sampled: current.sampled } : {}
  const span = spanId === undefined ? undefined : idFrom(spanId, 16)
  return {
    traceId: trace,
    ...(span !== undefined && { spanId: span }),
    sampled: traceFlags?.sampled === true,
  }
}
