import { type OtlpGroup, writeAttributes, writeRequest } from './otlp-common.ts'
import { type OtlpMessage, otlpFields } from './otlp-writer.ts'
import { type SpanEvent, type SpanLink, type SpanRecord, type SpanStatus, spanKinds } from './span.ts'

const fields = otlpFields({
  traceId: 1,
  spanId: 2,
  traceState: 3,
  parentSpanId: 4,
  name: 5,
  kind: 6,
  startTimeUnixNano: 7,
  endTimeUnixNano: 8,
  attributes: 9,
  droppedAttributesCount: 10,
  events: 11,
  droppedEventsCount: 12,
  links: 13,
  droppedLinksCount: 14,
  status: 15,
  flags: 16,
})
const eventFields = otlpFields({ timeUnixNano: 1, name: 2, attributes: 3 })
const linkFields = otlpFields({ traceId: 1, spanId: 2, traceState: 3, attributes: 4, flags: 6 })
const statusFields = otlpFields({ message: 2, code: 3 })

const statusNumbers = { unset: 0, ok: 1, error: 2 } as const
/** W3C's sampled flag, and OTLP's bits that say whether the parent is remote. */
const sampled = 1
const isRemoteKnown = 0x100
const isRemote = 0x200

/** `Span` */
export const writeSpan: OtlpMessage<SpanRecord> = (out, span) => {
  out.hex(fields.traceId, span.traceId)
  out.hex(fields.spanId, span.spanId)
  out.text(fields.traceState, span.traceState)
  if (span.parentSpanId !== undefined) out.hex(fields.parentSpanId, span.parentSpanId)
  out.text(fields.name, span.name)
  out.integer(fields.kind, spanKinds.indexOf(span.kind) + 1)
  out.time(fields.startTimeUnixNano, span.start)
  out.time(fields.endTimeUnixNano, Math.max(span.start, span.end))
  writeAttributes(out, fields.attributes, span.attributes)
  out.messages(fields.events, span.events, writeEvent)
  out.messages(fields.links, span.links, writeLink)
  out.integer(fields.droppedAttributesCount, span.dropped?.attributes ?? 0)
  out.integer(fields.droppedEventsCount, span.dropped?.events ?? 0)
  out.integer(fields.droppedLinksCount, span.dropped?.links ?? 0)
  if (span.status.code !== 'unset') out.message(fields.status, span.status, writeStatus)
  out.fixed32(fields.flags, flagsOf(span))
}

/** `ExportTraceServiceRequest` */
export const writeSpans: OtlpMessage<readonly OtlpGroup<SpanRecord>[]> = writeRequest(
  { groups: 'resourceSpans', scopes: 'scopeSpans', items: 'spans' },
  writeSpan,
)

const writeEvent: OtlpMessage<SpanEvent> = (out, event) => {
  out.time(eventFields.timeUnixNano, event.time)
  out.text(eventFields.name, event.name)
  writeAttributes(out, eventFields.attributes, event.attributes)
}

const writeLink: OtlpMessage<SpanLink> = (out, link) => {
  out.hex(linkFields.traceId, link.traceId)
  out.hex(linkFields.spanId, link.spanId)
  out.text(linkFields.traceState, link.traceState ?? '')
  writeAttributes(out, linkFields.attributes, link.attributes)
  out.fixed32(linkFields.flags, sampled)
}

const writeStatus: OtlpMessage<SpanStatus> = (out, status) => {
  out.text(statusFields.message, status.message ?? '')
  out.integer(statusFields.code, statusNumbers[status.code])
}

// The callee's parent lives in the caller, elsewhere.
function flagsOf(span: SpanRecord): number {
  if (span.parentSpanId === undefined) return sampled
  const remote = span.kind === 'server' || span.kind === 'consumer'
  return sampled | isRemoteKnown | (remote ? isRemote : 0)
}
