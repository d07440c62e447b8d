import { attributeNames as names } from './names.ts'
import { ProtobufReader } from './protobuf-reader.ts'
import {
  type AttributeValue,
  type SpanAttributes,
  type SpanEvent,
  type SpanLink,
  type SpanRecord,
  type SpanResource,
  type SpanStatus,
  spanKinds,
} from './span.ts'

/** What a message on `weft.spans.{lattice}` held. */
export interface ReadSpans {
  readonly spans: readonly SpanRecord[]
  /** How many spans had no ids or times; 1 for a message that could not be read at all. */
  readonly refused: number
}

const maxMessageBytes = 1024 * 1024 // NATS' default max_payload
const maxDepth = 8
const unlimited = { text: Number.POSITIVE_INFINITY, entries: Number.POSITIVE_INFINITY }
const latestTime = 253_402_300_800_000 // the year 9999: what Date can show

/** Reads an `ExportTraceServiceRequest` that anyone in the lattice may have sent. Never throws. */
export function readSpans(message: Uint8Array): ReadSpans {
  if (message.byteLength > maxMessageBytes) return { spans: [], refused: 1 }
  const spans: SpanRecord[] = []
  let refused = 0
  try {
    const request = new ProtobufReader(message)
    request.fields((number) => {
      if (number !== 1) return
      const read = readResourceSpans(request.message())
      spans.push(...read.spans)
      refused += read.refused
    })
    return { spans, refused }
  } catch {
    return { spans, refused: refused + 1 }
  }
}

/** Reads the `spans` fields of a `ScopeSpans` that this process wrote itself. */
export function readScopeSpans(encoded: Uint8Array): SpanRecord[] {
  const spans: SpanRecord[] = []
  const reader = new ProtobufReader(encoded, unlimited)
  reader.fields((number) => {
    const span =
      number === 2 ? readSpan(reader.message(), { service: '', hostId: '', hostName: '' }) : undefined
    if (span) spans.push(span)
  })
  return spans
}

function readResourceSpans(reader: ProtobufReader): ReadSpans {
  let resource: SpanResource | undefined
  const scopes: ProtobufReader[] = []
  reader.fields((number) => {
    if (number === 1) resource = readResource(reader.message())
    else if (number === 2) scopes.push(reader.message())
  })
  const spans: SpanRecord[] = []
  let refused = 0
  for (const scope of scopes) {
    let scopeName: string | undefined
    scope.fields((number) => {
      if (number === 1) scopeName = readScopeName(scope.message())
      else if (number === 2) {
        const span = resource && readSpan(scope.message(), resource)
        if (span)
          spans.push(
            scopeName === undefined || scopeName === 'weft' ? span : { ...span, scope: { name: scopeName } },
          )
        else refused += 1
      }
    })
  }
  return { spans, refused }
}

function readScopeName(reader: ProtobufReader): string | undefined {
  let name: string | undefined
  reader.fields((number) => {
    if (number === 1) name = reader.text()
  })
  return name
}

function readResource(reader: ProtobufReader): SpanResource | undefined {
  const pairs: [string, AttributeValue][] = []
  reader.fields((number) => {
    if (number === 1) pushPair(pairs, reader.message())
  })
  const found = new Map(pairs)
  const text = (name: string) => {
    const value = found.get(name)
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const service = text(names.serviceName)
  if (service === undefined) return undefined
  const namespace = text(names.serviceNamespace)
  const version = text(names.serviceVersion)
  const component = text(names.componentId)
  return {
    service,
    ...(namespace !== undefined && { namespace }),
    ...(version !== undefined && { version }),
    ...(component !== undefined && { component }),
    hostId: text(names.serviceInstance) ?? '',
    hostName: text(names.hostName) ?? '',
  }
}

function readSpan(reader: ProtobufReader, resource: SpanResource): SpanRecord | undefined {
  let [traceId, spanId, parentSpanId, traceState, name] = ['', '', '', '', '']
  let [kind, start, end] = [0, -1, -1]
  let status: SpanStatus = { code: 'unset' }
  const attributes: [string, AttributeValue][] = []
  const events: SpanEvent[] = []
  const links: SpanLink[] = []
  const dropped = { attributes: 0, events: 0, links: 0 }
  reader.fields((number) => {
    if (number === 1) traceId = reader.hex()
    else if (number === 2) spanId = reader.hex()
    else if (number === 3) traceState = reader.text()
    else if (number === 4) parentSpanId = reader.hex()
    else if (number === 5) name = reader.text()
    else if (number === 6) kind = reader.varint()
    else if (number === 7) start = reader.time()
    else if (number === 8) end = reader.time()
    else if (number === 9) pushPair(attributes, reader.message())
    else if (number === 10) dropped.attributes = reader.varint()
    else if (number === 11) pushIfRoom(reader, events, readEvent(reader.message()))
    else if (number === 12) dropped.events = reader.varint()
    else if (number === 13) pushIfRoom(reader, links, readLink(reader.message()))
    else if (number === 14) dropped.links = reader.varint()
    else if (number === 15) status = readStatus(reader.message())
  })
  if (!isId(traceId, 32) || !isId(spanId, 16) || !isTime(start) || !isTime(end)) return undefined
  const hasDropped = dropped.attributes + dropped.events + dropped.links > 0
  return {
    traceId,
    spanId,
    ...(isId(parentSpanId, 16) && { parentSpanId }),
    traceState,
    name,
    kind: spanKinds[kind - 1] ?? 'internal',
    start,
    end: Math.max(start, end),
    attributes: Object.fromEntries(attributes),
    events,
    links,
    status,
    resource,
    ...(hasDropped && { dropped }),
  }
}

function readEvent(reader: ProtobufReader): SpanEvent {
  let [time, name] = [0, '']
  const attributes: [string, AttributeValue][] = []
  reader.fields((number) => {
    if (number === 1) time = reader.time()
    else if (number === 2) name = reader.text()
    else if (number === 3) pushPair(attributes, reader.message())
  })
  return { name, time: isTime(time) ? time : 0, attributes: Object.fromEntries(attributes) }
}

function readLink(reader: ProtobufReader): SpanLink {
  let [traceId, spanId, traceState] = ['', '', '']
  const attributes: [string, AttributeValue][] = []
  reader.fields((number) => {
    if (number === 1) traceId = reader.hex()
    else if (number === 2) spanId = reader.hex()
    else if (number === 3) traceState = reader.text()
    else if (number === 4) pushPair(attributes, reader.message())
  })
  const given: SpanAttributes = Object.fromEntries(attributes)
  return { traceId, spanId, ...(traceState !== '' && { traceState }), attributes: given }
}

function readStatus(reader: ProtobufReader): SpanStatus {
  let [message, code] = ['', 0]
  reader.fields((number) => {
    if (number === 2) message = reader.text()
    else if (number === 3) code = reader.varint()
  })
  const known = code === 2 ? 'error' : code === 1 ? 'ok' : 'unset'
  return { code: known, ...(message !== '' && { message }) }
}

function pushPair(pairs: [string, AttributeValue][], reader: ProtobufReader): void {
  let key = ''
  let value: AttributeValue | undefined
  reader.fields((number) => {
    if (number === 1) key = reader.text()
    else if (number === 2) value = readValue(reader.message(), 0)
  })
  if (value !== undefined && pairs.length < reader.limits.entries) pairs.push([key, value])
}

function readValue(reader: ProtobufReader, depth: number): AttributeValue | undefined {
  let value: AttributeValue | undefined
  reader.fields((number) => {
    if (number === 1) value = reader.text()
    else if (number === 2) value = reader.varint() !== 0
    else if (number === 3) value = reader.int64()
    else if (number === 4) value = reader.double()
    else if (number === 5 && depth < maxDepth) value = readList(reader.message(), depth + 1)
  })
  return value
}

function readList(reader: ProtobufReader, depth: number): AttributeValue | undefined {
  const items: AttributeValue[] = []
  reader.fields((number) => {
    if (number === 1) pushIfRoom(reader, items, readValue(reader.message(), depth))
  })
  if (items.every((item) => typeof item === 'string')) return items
  if (items.every((item) => typeof item === 'number')) return items
  return items.every((item) => typeof item === 'boolean') ? items : undefined
}

function pushIfRoom<T>({ limits }: ProtobufReader, list: T[], item: T | undefined): void {
  if (item !== undefined && list.length < limits.entries) list.push(item)
}

function isId(id: string, length: number): boolean {
  return id.length === length && !/^0+$/.test(id)
}

function isTime(time: number): boolean {
  return time >= 0 && time < latestTime
}
