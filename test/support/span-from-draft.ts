import type { SpanRecord } from '../../src/telemetry/span.ts'
import type { SpanDraft } from '../../src/telemetry/span-draft.ts'

/** The whole span, of which a thread encodes the part that others share once. */
export function spanFromDraft(draft: SpanDraft): SpanRecord {
  const { part, own, isParentRemote: _, trace, parent, ...rest } = draft
  const fields = [part.fields, ...own]
  return {
    name: '',
    kind: 'internal',
    events: [],
    links: [],
    status: { code: 'unset' },
    traceId: trace.traceId,
    spanId: trace.spanId,
    traceState: trace.traceState,
    ...rest,
    ...Object.assign({}, ...fields),
    attributes: Object.assign({}, ...fields.map(({ attributes }) => attributes)),
    ...(parent && { parentSpanId: parent.spanId }),
  }
}
