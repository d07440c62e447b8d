import type { Call } from '../call/call.ts'
import type { Timing } from '../call/timing.ts'
import { BegunSpan } from '../call/trace-context.ts'
import { backendFields } from './backend-span.ts'
import type { CallSite } from './call-site.ts'
import { spanNames } from './names.ts'
import { type SpanDraft, SpanPart } from './span-draft.ts'

/** Shorter waits are not worth a span; milliseconds. */
const leastMs = 0.05

const parts = {
  queued: new SpanPart({ name: spanNames.queued, kind: 'internal' }),
  woken: new SpanPart({ name: spanNames.woken, kind: 'internal' }),
  instantiated: new SpanPart({ name: spanNames.instantiated, kind: 'internal' }),
  own: new SpanPart({}),
} as const

/**
 * The spans of what a call's course tells of, under the span of one side, or of both. A local call passes both sides with one
 * course: who calls waits for somebody to serve, all else happens where it is served; what a provider asked of its backend
 * is a span of its service.
 */
export function timingSpans(
  under: SpanDraft,
  { course }: Call,
  { side, isWhole, served }: CallSite,
): SpanDraft[] {
  const isOurs = ({ name }: Timing) => isWhole || (name === 'woken') === (side === 'client')
  return course.timings
    .filter((timing) => isOurs(timing) && isWorthIt(timing))
    .map((timing) => spanOf(timing.name === 'backend' ? { ...under, resource: served } : under, timing))
}

function isWorthIt({ name, start, end }: Timing): boolean {
  return name === 'imported' || name === 'backend' || end - start > leastMs
}

function spanOf({ trace: parent, resource }: SpanDraft, timing: Timing): SpanDraft {
  const { name, start, end } = timing
  const trace = new BegunSpan(parent.id, parent, name === 'backend' ? timing.spanId : undefined)
  const span = { trace, parent, start, end, isParentRemote: false, part: parts.own, own: [], resource }
  if (name === 'backend') return { ...span, own: [backendFields(timing)] }
  if (name !== 'imported') return { ...span, part: parts[name] }
  const innermost = timing.under === undefined ? parent : { spanId: timing.under }
  return { ...span, parent: innermost, own: [{ name: timing.label, kind: 'internal' }] }
}
