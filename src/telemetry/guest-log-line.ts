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
  const own = Object.entries(log.attributes).map(([name, value]) => [name, shown(value)] as const)
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
    message: String(shown(log.body ?? log.eventName ?? '')),
    attributes,
  }
}

/** What is not one word, number or truth is its JSON. */
function shown(value: OtelValue): string | number | boolean {
  const plain = plainFrom(value)
  return typeof plain === 'object' ? JSON.stringify(plain) : plain
}

type Plain = string | number | boolean | readonly Plain[] | { readonly [name: string]: Plain }

/** As JSON has it: what is too large for its numbers is text, and so are bytes. */
function plainFrom(value: OtelValue): Plain {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value !== 'object') return value
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (isList(value)) return value.map(plainFrom)
  if ('double' in value) return value.double
  return Object.fromEntries(Object.entries(value.map).map(([name, one]) => [name, plainFrom(one)]))
}

function isList(value: object): value is readonly OtelValue[] {
  return Array.isArray(value)
}
