import { field, stringField } from './field.ts'
import {
  type AttributeValue,
  type SpanAttributes,
  type SpanEvent,
  type SpanKind,
  type SpanLink,
  type SpanRecord,
  type SpanResource,
  type SpanStatus,
  spanKinds,
  statusCodes,
} from './span.ts'

/** What a message on `weft.spans.{lattice}` held. */
export interface ParsedSpans {
  readonly spans: readonly SpanRecord[]
  /** How many entries were no spans; 1 for a message that could not be read at all. */
  readonly refused: number
}

const maxMessageBytes = 1024 * 1024 // NATS' default max_payload
const maxTextLength = 4096
const maxEntries = 256

/** Reads spans that anyone in the lattice may have sent. Never throws: what is not a span is left out and counted. */
export function parseSpans(message: Uint8Array): ParsedSpans {
  const entries = message.byteLength <= maxMessageBytes ? readJson(message) : undefined
  if (!Array.isArray(entries)) return { spans: [], refused: 1 }
  const spans = entries.map(parseSpan).filter((span) => span !== undefined)
  return { spans, refused: entries.length - spans.length }
}

function readJson(message: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(message.buffer, message.byteOffset, message.byteLength).toString('utf8'))
  } catch {
    return undefined
  }
}

function parseSpan(value: unknown): SpanRecord | undefined {
  const traceId = idOf(value, 'traceId', 32)
  const spanId = idOf(value, 'spanId', 16)
  const kind = oneOf<SpanKind>(spanKinds, field(value, 'kind'))
  const start = timeOf(value, 'start')
  const end = timeOf(value, 'end')
  const resource = parseResource(field(value, 'resource'))
  if (!traceId || !spanId || !kind || start === undefined || end === undefined || !resource) return undefined
  const parentSpanId = idOf(value, 'parentSpanId', 16)
  const scope = parseScope(field(value, 'scope'))
  return {
    traceId,
    spanId,
    ...(parentSpanId ? { parentSpanId } : {}),
    traceState: textOf(value, 'traceState') ?? '',
    name: textOf(value, 'name') ?? '',
    kind,
    start,
    end: Math.max(start, end),
    attributes: parseAttributes(field(value, 'attributes')),
    events: listOf(field(value, 'events'), parseEvent),
    links: listOf(field(value, 'links'), parseLink),
    status: parseStatus(field(value, 'status')),
    resource,
    ...(scope ? { scope } : {}),
  }
}

function parseResource(value: unknown): SpanResource | undefined {
  const service = textOf(value, 'service')
  if (!service) return undefined
  const namespace = textOf(value, 'namespace')
  const version = textOf(value, 'version')
  return {
    service,
    ...(namespace ? { namespace } : {}),
    ...(version ? { version } : {}),
    hostId: textOf(value, 'hostId') ?? '',
    hostName: textOf(value, 'hostName') ?? '',
  }
}

function parseEvent(value: unknown): SpanEvent | undefined {
  const name = textOf(value, 'name')
  const time = timeOf(value, 'time')
  if (name === undefined || time === undefined) return undefined
  return { name, time, attributes: parseAttributes(field(value, 'attributes')) }
}

function parseLink(value: unknown): SpanLink | undefined {
  const traceId = idOf(value, 'traceId', 32)
  const spanId = idOf(value, 'spanId', 16)
  return traceId && spanId
    ? { traceId, spanId, attributes: parseAttributes(field(value, 'attributes')) }
    : undefined
}

function parseStatus(value: unknown): SpanStatus {
  const message = textOf(value, 'message')
  return { code: oneOf(statusCodes, field(value, 'code')) ?? 'unset', ...(message ? { message } : {}) }
}

function parseScope(value: unknown): { name: string } | undefined {
  const name = textOf(value, 'name')
  return name === undefined ? undefined : { name }
}

function parseAttributes(value: unknown): SpanAttributes {
  if (typeof value !== 'object' || value === null) return {}
  const entries = Object.entries(value).slice(0, maxEntries)
  return Object.fromEntries(
    entries.flatMap(([key, entry]) => {
      const attribute = attributeOf(entry)
      return attribute === undefined ? [] : [[key.slice(0, maxTextLength), attribute] as const]
    }),
  )
}

function attributeOf(value: unknown): AttributeValue | undefined {
  if (typeof value === 'string') return value.slice(0, maxTextLength)
  if (typeof value === 'number' || typeof value === 'boolean') return value
  if (!Array.isArray(value)) return undefined
  const items = value.slice(0, maxEntries)
  if (items.every((item) => typeof item === 'string'))
    return items.map((item) => item.slice(0, maxTextLength))
  if (items.every((item) => typeof item === 'number')) return items
  return items.every((item) => typeof item === 'boolean') ? items : undefined
}

function listOf<T>(value: unknown, parse: (entry: unknown) => T | undefined): T[] {
  if (!Array.isArray(value)) return []
  return value
    .slice(0, maxEntries)
    .map(parse)
    .filter((entry) => entry !== undefined)
}

function oneOf<T extends string>(values: readonly T[], value: unknown): T | undefined {
  return values.find((known) => known === value)
}

function idOf(value: unknown, name: string, length: number): string | undefined {
  const id = stringField(value, name)
  return id?.length === length && /^[0-9a-f]+$/.test(id) && !/^0+$/.test(id) ? id : undefined
}

function textOf(value: unknown, name: string): string | undefined {
  return stringField(value, name)?.slice(0, maxTextLength)
}

// Up to the year 9999: what Date can show.
function timeOf(value: unknown, name: string): number | undefined {
  const time = field(value, name)
  return typeof time === 'number' && time >= 0 && time < 253_402_300_800_000 ? time : undefined
}
