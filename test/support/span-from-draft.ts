import type { SpanRecord } from '../../src/telemetry/span.ts'
import { type SpanDraft, SpanPart } from '../../src/telemetry/span-draft.ts'

/** The whole span, of which a thread encodes the parts one by one. */
export function spanFromDraft(draft: SpanDraft): SpanRecord {
  const { parts, isParentRemote: _, trace, parent, ...own } = draft
  const fields = parts.flatMap((part) => (part instanceof SpanPart ? part.fields : (part ?? [])))
  return {
    name: '',
    kind: 'internal',
    events: [],
    links: [],
    status: { code: 'unset' },
    traceId: trace.traceId,
    spanId: trace.spanId,
    traceState: trace.traceState,
    ...own,
    ...Object.assign({}, ...fields),
    attributes: Object.assign({}, ...fields.map(({ attributes }) => attributes)),
    ...(parent && { parentSpanId: parent.spanId }),
  }
}
