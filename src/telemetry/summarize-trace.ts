import type { SpanRecord } from './span.ts'
import { buildSpanTree, drawnTimes } from './span-tree.ts'

/** A trace in one line. */
export interface TraceSummary {
  readonly traceId: string
  /** Name and service of the root span; of the earliest span while the root has not come. */
  readonly name: string
  readonly service: string
  readonly hasRoot: boolean
  /** By the root's clock; hosts with other clocks are moved into place. */
  readonly start: number
  readonly durationMs: number
  readonly spans: number
  readonly errors: number
  readonly services: readonly string[]
  readonly hosts: readonly string[]
}

/** Sums up the spans of one trace; undefined when there are none. */
export function summarizeTrace(spans: readonly SpanRecord[]): TraceSummary | undefined {
  const first = spans.reduce<SpanRecord | undefined>(
    (best, span) => (isBefore(span, best) ? span : best),
    undefined,
  )
  if (!first) return undefined
  const tree = buildSpanTree(spans)
  const { start, end } = drawnTimes([...tree.rooted, ...tree.orphans])
  return {
    traceId: first.traceId,
    name: first.name,
    service: first.resource.service,
    hasRoot: first.parentSpanId === undefined,
    start,
    durationMs: end - start,
    spans: spans.length,
    errors: spans.filter((span) => span.status.code === 'error').length,
    services: [...new Set(spans.map((span) => span.resource.service))],
    hosts: [...new Set(spans.map((span) => span.resource.hostName || span.resource.hostId))],
  }
}

function isBefore(span: SpanRecord, best: SpanRecord | undefined): boolean {
  if (!best) return true
  const isRoot = span.parentSpanId === undefined
  const bestIsRoot = best.parentSpanId === undefined
  return isRoot === bestIsRoot ? span.start < best.start : isRoot
}
