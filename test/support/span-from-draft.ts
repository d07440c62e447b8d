import type { SpanRecord } from '../../src/telemetry/span.ts'
import type { SpanDraft } from '../../src/telemetry/span-draft.ts'

/** The whole span, of which a thread encodes the part that others share once. */
export function spanFromDraft(draft: SpanDraft): SpanRecord {
  const { part, own, trace, parent, start, end, resource } = draft
  const fields = [part.fields, ...own.map((one) => ('write' in one ? one.fields : one))]
  return {
    name: '',
    kind: 'internal',
    events: [],
    links: [],
    status: { code: 'unset' },
    traceId: trace.traceId,
    spanId: trace.spanId,
    traceState: trace.traceState,
    start,
    end,
    resource,
    ...Object.assign({}, ...fields),
    attributes: Object.assign({}, ...fields.map(({ attributes }) => attributes)),
    ...(parent && { parentSpanId: parent.spanId }),
  }
}
