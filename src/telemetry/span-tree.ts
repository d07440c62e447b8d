import type { SpanRecord } from './span.ts'

/** A span in its place, in reading order: parents before children, siblings by start. */
export interface TreeSpan {
  readonly span: SpanRecord
  readonly depth: number
  /** Whether it is the last of its siblings. */
  readonly isLast: boolean
  readonly parent: TreeSpan | undefined
  /** Milliseconds to add to the span's times where it is drawn, so that hosts with other clocks fall into place. */
  readonly shift: number
}

/** The spans of one trace in order. `orphans` are trees whose parent is not among the spans. */
export interface SpanTree {
  readonly rooted: readonly TreeSpan[]
  readonly orphans: readonly TreeSpan[]
}

/** Orders the spans of one trace as a tree, without recursion; spans in a circle of parents count as orphans. */
export function buildSpanTree(spans: readonly SpanRecord[]): SpanTree {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  const unique = [...byId.values()].sort((a, b) => a.start - b.start)
  const children = new Map<string, SpanRecord[]>()
  for (const span of unique) {
    if (span.parentSpanId === undefined || !byId.has(span.parentSpanId)) continue
    const siblings = children.get(span.parentSpanId)
    if (siblings) siblings.push(span)
    else children.set(span.parentSpanId, [span])
  }
  const seen = new Set<string>()
  const walk = (roots: readonly SpanRecord[]) => walkTrees(roots, { children, seen })
  const rooted = walk(unique.filter((span) => span.parentSpanId === undefined))
  const parentUnseen = unique.filter(
    (span) => span.parentSpanId !== undefined && !byId.has(span.parentSpanId),
  )
  const orphans = walk(parentUnseen)
  for (const span of unique) {
    if (!seen.has(span.spanId)) orphans.push(...walk([span]))
  }
  return { rooted, orphans }
}

/** When the first of the spans begins and the last one ends, as they are drawn; `nodes` must not be empty. */
export function drawnTimes(nodes: readonly TreeSpan[]): { readonly start: number; readonly end: number } {
  return {
    start: nodes.reduce(
      (least, { span, shift }) => Math.min(least, span.start + shift),
      Number.POSITIVE_INFINITY,
    ),
    end: nodes.reduce((most, { span, shift }) => Math.max(most, span.end + shift), Number.NEGATIVE_INFINITY),
  }
}

function walkTrees(
  roots: readonly SpanRecord[],
  known: { readonly children: Map<string, SpanRecord[]>; readonly seen: Set<string> },
): TreeSpan[] {
  const ordered: TreeSpan[] = []
  const stack = nodesOf(roots, undefined)
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (known.seen.has(node.span.spanId)) continue
    known.seen.add(node.span.spanId)
    ordered.push(node)
    for (const child of nodesOf(known.children.get(node.span.spanId) ?? [], node)) stack.push(child)
  }
  return ordered
}

// In reverse, for a stack.
function nodesOf(spans: readonly SpanRecord[], parent: TreeSpan | undefined): TreeSpan[] {
  return spans
    .map((span, index) => ({
      span,
      depth: parent ? parent.depth + 1 : 0,
      isLast: index === spans.length - 1,
      parent,
      shift: shiftOf(span, parent),
    }))
    .reverse()
}

/**
 * On its parent's host a span shares its clock. On another one it can't have begun before its parent, and what answers a
 * call can't have begun after the call was over: then the clocks differ, and the span is put into the middle of the call.
 */
function shiftOf(span: SpanRecord, parent: TreeSpan | undefined): number {
  if (!parent) return 0
  if (span.resource.hostId === parent.span.resource.hostId) return parent.shift
  const start = parent.span.start + parent.shift
  const end = parent.span.end + parent.shift
  const answersCall = span.kind === 'server' && parent.span.kind === 'client'
  if (span.start >= start && !(answersCall && span.start > end)) return 0
  const slack = Math.max(0, end - start - (span.end - span.start))
  return start + (answersCall ? slack / 2 : 0) - span.start
}
