import type { TraceContext } from '../call/trace-context.ts'
import type { OtelLimits, OtelSpan } from './otel.ts'
import {
  attributesFrom,
  idFrom,
  millisFrom,
  scopeFrom,
  type WitDatetime,
  type WitKeyValue,
  type WitScope,
} from './otel-value.ts'

/** `wasi:otel/tracing` record `span-context`. */
export interface WitSpanContext {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: { readonly sampled?: boolean }
  readonly isRemote: boolean
  readonly traceState: readonly (readonly [string, string])[]
}

/** `wasi:otel/tracing` record `span-data`. */
export interface WitSpanData {
  readonly spanContext: WitSpanContext
  readonly parentSpanId: string
  readonly spanKind: OtelSpan['kind']
  readonly name: string
  readonly startTime: WitDatetime
  readonly endTime: WitDatetime
  readonly attributes: readonly WitKeyValue[]
  readonly events: readonly {
    readonly name: string
    readonly time: WitDatetime
    readonly attributes: readonly WitKeyValue[]
  }[]
  readonly links: readonly {
    readonly spanContext: WitSpanContext
    readonly attributes: readonly WitKeyValue[]
  }[]
  readonly status: { readonly tag: 'unset' | 'ok' | 'error'; readonly val?: string }
  readonly instrumentationScope: WitScope
  readonly droppedAttributes: number
  readonly droppedEvents: number
  readonly droppedLinks: number
}

const noTrace = '0'.repeat(32)
const noSpan = '0'.repeat(16)
/** A `tracestate` header longer than this may be dropped by anybody on the way (W3C Trace Context). */
const longestTraceState = 512

/** A span context for the guest; all zero when there is none. */
export function witFromTrace(trace: TraceContext | undefined): WitSpanContext {
  return {
    traceId: trace?.traceId ?? noTrace,
    spanId: trace?.spanId ?? noSpan,
    traceFlags: { sampled: trace?.sampled ?? false },
    isRemote: trace !== undefined,
    traceState: (trace?.traceState ?? '')
      .split(',')
      .map((member) => member.trim())
      .filter((member) => member.includes('='))
      .map((member) => {
        const at = member.indexOf('=')
        return [member.slice(0, at), member.slice(at + 1)] as const
      }),
  }
}

/** A guest's span context; undefined when its ids are none. */
export function traceFromWit(context: WitSpanContext): TraceContext | undefined {
  const traceId = idFrom(context.traceId, 32)
  const spanId = idFrom(context.spanId, 16)
  if (traceId === undefined || spanId === undefined) return undefined
  const given = context.traceState.map(([key, value]) => `${key}=${value}`).join(',')
  // It goes on in headers.
  const traceState = /^[\x20-\x7e]*$/.test(given) ? given : ''
  return {
    traceId,
    spanId,
    sampled: context.traceFlags.sampled === true,
    traceState: traceState.length <= longestTraceState ? traceState : '',
  }
}

/** A finished guest span within the limits; undefined when its ids are none. */
export function spanFromWit(span: WitSpanData, limits: OtelLimits): OtelSpan | undefined {
  const trace = traceFromWit(span.spanContext)
  if (!trace) return undefined
  const parentSpanId = idFrom(span.parentSpanId, 16)
  const own = attributesFrom(span.attributes, limits.span)
  const events = span.events.slice(0, limits.events)
  const links = span.links.slice(0, limits.links).flatMap((link) => {
    const to = traceFromWit(link.spanContext)
    return to ? [{ ...to, attributes: attributesFrom(link.attributes, limits.link).attributes }] : []
  })
  const start = millisFrom(span.startTime)
  return {
    traceId: trace.traceId,
    spanId: trace.spanId,
    ...(parentSpanId !== undefined && { parentSpanId }),
    traceState: trace.traceState,
    name: span.name.slice(0, limits.span.valueLength),
    kind: span.spanKind,
    start,
    // A clock that was set back must not make a span that ends before it began.
    end: Math.max(start, millisFrom(span.endTime)),
    attributes: own.attributes,
    events: events.map((event) => ({
      name: event.name.slice(0, limits.event.valueLength),
      time: millisFrom(event.time),
      attributes: attributesFrom(event.attributes, limits.event).attributes,
    })),
    links,
    status: {
      code: span.status.tag,
      ...(span.status.val !== undefined && { message: span.status.val.slice(0, limits.span.valueLength) }),
    },
    scope: scopeFrom(span.instrumentationScope, limits.point),
    dropped: {
      attributes: span.droppedAttributes + own.dropped,
      events: span.droppedEvents + span.events.length - events.length,
      links: span.droppedLinks + span.links.length - links.length,
    },
  }
}
