import {
  type Attributes,
  type HrTime,
  type Link,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
} from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { hrTimeFromMs } from './hr-time.ts'
import { scopeName } from './names.ts'
import type { SpanAttributes, SpanLink, SpanRecord } from './span.ts'

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const
const codes = { unset: SpanStatusCode.UNSET, ok: SpanStatusCode.OK, error: SpanStatusCode.ERROR } as const

/** A span record as the SDK's exporters take it. */
export function readableSpanFromRecord(span: SpanRecord, resource: Resource): ReadableSpan {
  const context = spanContext(span)
  const startTime = hrTimeFromMs(span.start)
  const endTime = hrTimeFromMs(Math.max(span.start, span.end))
  return {
    name: span.name,
    kind: kinds[span.kind],
    spanContext: () => context,
    ...(span.parentSpanId === undefined ? {} : { parentSpanContext: parentContext(span, span.parentSpanId) }),
    startTime,
    endTime,
    duration: durationBetween(startTime, endTime),
    ended: true,
    status: {
      code: codes[span.status.code],
      ...(span.status.message ? { message: span.status.message } : {}),
    },
    attributes: mutable(span.attributes),
    events: span.events.map((event) => ({
      name: event.name,
      time: hrTimeFromMs(event.time),
      attributes: mutable(event.attributes),
    })),
    links: span.links.map(readableLink),
    resource,
    instrumentationScope: span.scope ?? { name: scopeName },
    droppedAttributesCount: span.dropped?.attributes ?? 0,
    droppedEventsCount: span.dropped?.events ?? 0,
    droppedLinksCount: span.dropped?.links ?? 0,
  }
}

function spanContext(of: { traceId: string; spanId: string; traceState?: string }): SpanContext {
  const { traceId, spanId, traceState } = of
  const context = { traceId, spanId, traceFlags: TraceFlags.SAMPLED }
  return traceState ? { ...context, traceState: textTraceState(traceState) } : context
}

// The callee's parent lives in the caller, elsewhere.
function parentContext(span: SpanRecord, spanId: string): SpanContext {
  const isRemote = span.kind === 'server' || span.kind === 'consumer'
  return { traceId: span.traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote }
}

// Exporters only write it out; it stays as it came.
function textTraceState(text: string): NonNullable<SpanContext['traceState']> {
  const state = { get: () => undefined, set: () => state, unset: () => state, serialize: () => text }
  return state
}

function readableLink(link: SpanLink): Link {
  return { context: spanContext(link), attributes: mutable(link.attributes) }
}

function mutable(attributes: SpanAttributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [key, typeof value === 'object' ? [...value] : value]),
  )
}

function durationBetween(start: HrTime, end: HrTime): HrTime {
  const seconds = end[0] - start[0]
  const nanos = end[1] - start[1]
  return nanos < 0 ? [seconds - 1, nanos + 1e9] : [seconds, nanos]
}
