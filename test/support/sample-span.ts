import { newSpanId } from '../../src/call/trace-context.ts'
import { spanMessages } from '../../src/telemetry/publish-spans.ts'
import { createResources } from '../../src/telemetry/resource.ts'
import type { SpanRecord } from '../../src/telemetry/span.ts'
import { type SpanGroup, SpanGroups } from '../../src/telemetry/span-groups.ts'

export const sampleTraceId = '4bf92f3577b34da6a3ce929d0e0e4736'

/** A finished span of 10 ms; what a test does not say is filled in. */
export function sampleSpan(wanted: Partial<SpanRecord> = {}): SpanRecord {
  const start = wanted.start ?? Date.UTC(2026, 10, 21, 1, 2, 3)
  return {
    traceId: sampleTraceId,
    spanId: newSpanId(),
    traceState: '',
    name: 'app/greet greet',
    kind: 'server',
    start,
    end: start + 10,
    attributes: {},
    events: [],
    links: [],
    status: { code: 'unset' },
    resource: { service: 'hello', hostId: 'NHOST', hostName: 'brave-fox' },
    ...wanted,
  }
}

/** Spans as a data thread hands them on. */
export function spanGroups(...spans: readonly SpanRecord[]): SpanGroup[] {
  const groups = new SpanGroups()
  for (const span of spans) groups.add(span)
  return groups.take()
}

/** Spans as messages on `weft.spans.{lattice}`. */
export function spansMessages(...spans: readonly SpanRecord[]): Uint8Array[] {
  return spanMessages(spanGroups(...spans), createResources({}))
}
