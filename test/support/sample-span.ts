import { newSpanId } from '../../src/call/trace-context.ts'
import type { SpanRecord } from '../../src/telemetry/span.ts'

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
