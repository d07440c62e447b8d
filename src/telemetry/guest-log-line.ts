import type { OtelLog, OtelValue } from '../capability/otel.ts'
import type { LogAttributes, LogLevel, LogRecord } from '../log.ts'

/** The last severity number of each level; 0, unknown, counts as `info`. */
const levels: readonly (readonly [last: number, level: LogLevel])[] = [
  [0, 'info'],
  [4, 'trace'],
  [8, 'debug'],
  [12, 'info'],
  [16, 'warn'],
]

/** A log record that a guest made through `wasi:otel` as a log line, for the lattice's own log. */
export function guestLogLine(component: string, log: OtelLog): LogRecord {
  const time = log.time === 0n ? log.observed : log.time
  const level = levels.find(([last]) => log.severity <= last)?.[1] ?? 'error'
  const own = Object.entries(log.attributes).filter((pair): pair is [string, string | number | boolean] =>
    ['string', 'number', 'boolean'].includes(typeof pair[1]),
  )
  const attributes: LogAttributes = {
    ...Object.fromEntries(own),
    component,
    stream: 'wasi:otel',
    traceId: log.traceId,
    spanId: log.spanId,
  }
  return {
    time: Number(time / 1_000_000n),
    level,
    message: textOf(log.body ?? log.eventName ?? ''),
    attributes,
  }
}

function textOf(body: OtelValue): string {
  if (typeof body === 'string') return body
  return JSON.stringify(body, (_, value) => (typeof value === 'bigint' ? String(value) : value)) ?? ''
}
