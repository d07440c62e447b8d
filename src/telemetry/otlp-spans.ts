import { BegunSpan, wordsOfSpan } from '../call/trace-context.ts'
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

/** Room for what `writeIdentity` writes, which counts on this order: tags and lengths stand here already. */
const head = encodeProtobuf(undefined, (out: OtlpWriter) => {
  out.fixed64(fields.startTimeUnixNano, 0)
  out.fixed64(fields.endTimeUnixNano, 0)
  out.fixed32(fields.flags, sampled)
  out.bytes(fields.traceId, new Uint8Array(16))
  out.bytes(fields.spanId, new Uint8Array(8))
  out.bytes(fields.parentSpanId, new Uint8Array(8))
})
const parentSize = 10
export const spanHead: Uint8Array = head
/** Of a span without parent. */
export const rootHead: Uint8Array = head.subarray(0, head.length - parentSize)

/** Ids and times of a `Span` whose head stands at `at`. */
export function writeIdentity(out: ProtobufWriter, at: number, draft: Omit<SpanDraft, 'part' | 'own'>): void {
  const { trace, parent, start, end, isParentRemote } = draft
  out.setTime(at + 1, start)
  out.setTime(at + 10, Math.max(start, end))
  const { id } = trace
  out.setWord(at + 26, id.first)
  out.setWord(at + 30, id.second)
  out.setWord(at + 34, id.third)
  out.setWord(at + 38, id.fourth)
  out.setWord(at + 44, trace.high)
  out.setWord(at + 48, trace.low)
  if (trace.traceState !== '') out.text(fields.traceState, trace.traceState)
  if (!parent) return
  out.setByte(at + 21, (isParentRemote ? isRemoteKnown | isRemote : isRemoteKnown) >> 8)
  const { high, low } = parent instanceof BegunSpan ? parent : wordsOfSpan(parent.spanId)
  out.setWord(at + 54, high)
  out.setWord(at + 58, low)
}

const valueField: OtlpField = { number: 2, name: 'value' }
const textField: OtlpField = { number: 1, name: 'stringValue' }

/** An attribute whose value is a text, with its key encoded once; an empty text is left out. */
export class TextAttribute {
  readonly #key: Uint8Array

  constructor(name: string) {
    this.#key = encodeProtobuf(name, (out, key) => out.text({ number: 1, name: 'key' }, key))
  }

  write(out: ProtobufWriter, value: string): void {
    if (value === '') return
    const pair = out.begin(fields.attributes)
    out.append(this.#key)
    const text = out.begin(valueField)
    out.text(textField, value)
    out.end(text)
    out.end(pair)
  }
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
