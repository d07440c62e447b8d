import type { SpanRecord } from './span.ts'

/** Half of NATS' default `max_payload` of 1 MiB: room for headers and for servers that allow less. */
export const maxSpanMessageBytes = 512 * 1024

/**
 * Spans as messages for `weft.spans.{lattice}`: each one a JSON array of span records. A span that fills a message alone
 * is sent without its attributes, events and links.
 */
export function encodeSpanMessages(spans: readonly SpanRecord[]): Uint8Array[] {
  const messages: Uint8Array[] = []
  let parts: Buffer[] = []
  let size = 2
  const close = () => {
    if (parts.length > 0) messages.push(arrayOf(parts))
    parts = []
    size = 2
  }
  for (const span of spans) {
    const part = encodeSpan(span)
    if (size + part.byteLength + 1 > maxSpanMessageBytes) close()
    parts.push(part)
    size += part.byteLength + 1
  }
  close()
  return messages
}

function encodeSpan(span: SpanRecord): Buffer {
  const whole = Buffer.from(JSON.stringify(span))
  if (whole.byteLength + 2 <= maxSpanMessageBytes) return whole
  const dropped = {
    attributes: Object.keys(span.attributes).length + (span.dropped?.attributes ?? 0),
    events: span.events.length + (span.dropped?.events ?? 0),
    links: span.links.length + (span.dropped?.links ?? 0),
  }
  const status = { code: span.status.code }
  const bare = {
    ...span,
    name: span.name.slice(0, 256),
    attributes: {},
    events: [],
    links: [],
    traceState: '',
  }
  return Buffer.from(JSON.stringify({ ...bare, status, dropped }))
}

function arrayOf(parts: readonly Buffer[]): Uint8Array {
  const comma = Buffer.from(',')
  const inside = parts.flatMap((part, index) => (index === 0 ? [part] : [comma, part]))
  return Buffer.concat([Buffer.from('['), ...inside, Buffer.from(']')])
}
