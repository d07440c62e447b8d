import {
  BegunSpan,
  formatTraceparent,
  parseTraceparent,
  type TraceContext,
  TraceId,
} from '../call/trace-context.ts'
import { preciseNow } from '../clock.ts'
import type { TraceWork, WorkSpan } from '../trace-work.ts'
import { failureOutcome } from './call-outcome.ts'
import type { Sampler } from './sampler.ts'
import type { SpanRecord, SpanResource } from './span.ts'

export interface TraceWorkOptions {
  /** Takes each finished span; must not throw. */
  readonly record: (span: SpanRecord) => void
  readonly sampler: Sampler
  /** Who does the work. */
  readonly resource: SpanResource
}

/** Makes spans of work that is no call. */
export function traceWork({ record, sampler, resource }: TraceWorkOptions): TraceWork {
  return async (span, work) => {
    const parent = parentOf(span)
    if (!parent && span.parent !== 'new trace') return work(undefined)
    const id = parent ? TraceId.from(parent.traceId) : TraceId.new()
    const sampled = sampler(id.third, parent)
    const own = new BegunSpan(id, { sampled, traceState: parent?.traceState ?? '' })
    const start = preciseNow()
    const finish = (outcome: Pick<SpanRecord, 'status' | 'attributes' | 'events'>) => {
      if (!sampled) return
      const { attributes, ...ended } = outcome
      record({
        traceId: own.traceId,
        spanId: own.spanId,
        ...(parent && { parentSpanId: parent.spanId }),
        traceState: own.traceState,
        name: span.name,
        kind: span.kind,
        start,
        end: preciseNow(),
        attributes: { ...span.attributes, ...attributes },
        links: [],
        ...ended,
        resource,
      })
    }
    try {
      const result = await work({ traceparent: formatTraceparent(own), tracestate: own.traceState })
      finish({ status: { code: 'unset' }, attributes: {}, events: [] })
      return result
    } catch (thrown) {
      finish(failureOutcome(thrown, preciseNow()))
      throw thrown
    }
  }
}

function parentOf({ parent }: WorkSpan): TraceContext | undefined {
  return typeof parent === 'object' ? parseTraceparent(parent.traceparent, parent.tracestate) : undefined
}
