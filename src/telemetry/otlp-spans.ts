import { BegunSpan } from '../call/trace-context.ts'
import { type OtlpGroup, writeAttributes, writeRequest } from './otlp-common.ts'
import { encodeProtobuf, type ProtobufWriter } from './otlp-protobuf.ts'
import { type OtlpField, type OtlpMessage, type OtlpWriter, otlpFields } from './otlp-writer.ts'
import { readScopeSpans } from './read-spans.ts'
import { type SpanEvent, type SpanLink, type SpanRecord, type SpanStatus, spanKinds } from './span.ts'
import type { SpanDraft, SpanFields } from './span-draft.ts'

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
  const isParentRemote = span.kind === 'server' || span.kind === 'consumer'
  out.hex(fields.traceId, span.traceId)
  out.hex(fields.spanId, span.spanId)
  out.text(fields.traceState, span.traceState)
  out.hex(fields.parentSpanId, span.parentSpanId ?? '')
  out.time(fields.startTimeUnixNano, span.start)
  out.time(fields.endTimeUnixNano, Math.max(span.start, span.end))
  const remote = isParentRemote ? isRemoteKnown | isRemote : isRemoteKnown
  out.fixed32(fields.flags, span.parentSpanId === undefined ? sampled : sampled | remote)
  writeSpanPart(out, span)
  out.integer(fields.droppedAttributesCount, span.dropped?.attributes ?? 0)
  out.integer(fields.droppedEventsCount, span.dropped?.events ?? 0)
  out.integer(fields.droppedLinksCount, span.dropped?.links ?? 0)
}

/** The fields of a `Span` that others may have alike. */
export const writeSpanPart: OtlpMessage<SpanFields> = (out, part) => {
  if (part.name !== undefined) out.text(fields.name, part.name)
  if (part.kind !== undefined) out.integer(fields.kind, spanKinds.indexOf(part.kind) + 1)
  if (part.attributes) writeAttributes(out, fields.attributes, part.attributes)
  if (part.events) out.messages(fields.events, part.events, writeEvent)
  if (part.links) out.messages(fields.links, part.links, writeLink)
  if (part.status && part.status.code !== 'unset') out.message(fields.status, part.status, writeStatus)
}

/** The field of `ScopeSpans` that spans stand in. */
export const spansField: OtlpField = { number: 2, name: 'spans' }

/** `ExportTraceServiceRequest` of spans that are encoded already. */
export const writeSpans: OtlpMessage<readonly OtlpGroup<Uint8Array>[]> = writeRequest(
  { groups: 'resourceSpans', scopes: 'scopeSpans', items: 'spans' },
  (out, field, items) => {
    for (const encoded of items) out.encoded(field, encoded, (again) => writeAgain(again, field, encoded))
  },
)

function writeAgain(out: OtlpWriter, field: OtlpField, encoded: Uint8Array): void {
  out.messages(field, readScopeSpans(encoded), writeSpan)
}

/** Room for what `writeIdentity` writes: the tags and lengths of ids, times and flags, in this order. */
export const spanHead: Uint8Array = encodeProtobuf(undefined, (out: OtlpWriter) => {
  out.bytes(fields.traceId, new Uint8Array(16))
  out.bytes(fields.spanId, new Uint8Array(8))
  out.fixed64(fields.startTimeUnixNano, 0)
  out.fixed64(fields.endTimeUnixNano, 0)
  out.fixed32(fields.flags, sampled)
})

/** Ids and times of a `Span`, whose head stands at `head`. */
export function writeIdentity(
  out: ProtobufWriter,
  head: number,
  draft: Omit<SpanDraft, 'part' | 'own'>,
): void {
  const { trace, parent, start, end, isParentRemote } = draft
  const [first, second, third, fourth] = trace.id.words
  out.setWord(head + 2, first)
  out.setWord(head + 6, second)
  out.setWord(head + 10, third)
  out.setWord(head + 14, fourth)
  out.setWord(head + 20, trace.high)
  out.setWord(head + 24, trace.low)
  out.setTime(head + 29, start)
  out.setTime(head + 38, Math.max(start, end))
  if (trace.traceState !== '') out.text(fields.traceState, trace.traceState)
  if (!parent) return
  out.setByte(head + 49, (isParentRemote ? isRemoteKnown | isRemote : isRemoteKnown) >> 8)
  if (parent instanceof BegunSpan) out.wordPair(fields.parentSpanId, parent)
  else out.hex(fields.parentSpanId, parent.spanId)
}

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
