import type { OtelValue } from '../capability/otel.ts'

/** What OpenTelemetry allows as an attribute. */
export type AttributeValue = OtelValue
export type SpanAttributes = Readonly<Record<string, AttributeValue>>

export const spanKinds = ['internal', 'server', 'client', 'producer', 'consumer'] as const
export type SpanKind = (typeof spanKinds)[number]

/** Who made the span: a component or provider on a host. Each one is an OpenTelemetry service of its own. */
export interface SpanResource {
  /** Component or provider id. */
  readonly service: string
  /** The application it belongs to. */
  readonly namespace?: string
  /** Its image reference. */
  readonly version?: string
  readonly hostId: string
  readonly hostName: string
  /** The component's id, where the manifest gave the service another name. */
  readonly component?: string
  /** Further resource attributes that the manifest gives. */
  readonly attributes?: Readonly<Record<string, string>>
  /** Made by a host or the controller itself. */
  readonly isPlatform?: true
  /** A collector of its own. */
  readonly otlp?: { readonly endpoint: string; readonly protocol?: 'http/protobuf' | 'http/json' }
}

export interface SpanEvent {
  readonly name: string
  /** Milliseconds since the epoch, with fractions. */
  readonly time: number
  readonly attributes: SpanAttributes
}

export interface SpanLink {
  readonly traceId: string
  readonly spanId: string
  readonly traceState?: string
  readonly attributes: SpanAttributes
}

const statusCodes = ['unset', 'ok', 'error'] as const

export interface SpanStatus {
  readonly code: (typeof statusCodes)[number]
  readonly message?: string
}

/**
 * A finished span as plain data: it goes from thread to thread, over NATS as JSON and to a collector. `start` and `end`
 * are milliseconds since the epoch; as doubles they hold a quarter of a microsecond.
 */
export interface SpanRecord {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly traceState: string
  readonly name: string
  readonly kind: SpanKind
  readonly start: number
  readonly end: number
  readonly attributes: SpanAttributes
  readonly events: readonly SpanEvent[]
  readonly links: readonly SpanLink[]
  readonly status: SpanStatus
  readonly resource: SpanResource
  /** The instrumentation scope of a guest's own span; left out for Weft's. */
  readonly scope?: { readonly name: string; readonly version?: string }
  /** What the maker of the span left out of it. */
  readonly dropped?: { readonly attributes: number; readonly events: number; readonly links: number }
}
