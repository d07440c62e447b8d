import type { TraceContext } from '../call/trace-context.ts'

/** A value that OpenTelemetry can carry. A whole `number` is an integer; `{ double: 1 }` says that it is none. */
export type OtelValue =
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | { readonly double: number }
  | { readonly map: OtelAttributes }
  | readonly OtelValue[]

export type OtelAttributes = Readonly<Record<string, OtelValue>>

/** Who in the guest made something: its instrumentation library. */
export interface OtelScope {
  readonly name: string
  readonly version?: string
  readonly schemaUrl?: string
  readonly attributes?: OtelAttributes
}

/** A span that a guest made. Times are milliseconds since the epoch, with fractions. */
export interface OtelSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly traceState: string
  readonly name: string
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  readonly start: number
  readonly end: number
  readonly attributes: OtelAttributes
  readonly events: readonly {
    readonly name: string
    readonly time: number
    readonly attributes: OtelAttributes
  }[]
  readonly links: readonly {
    readonly traceId: string
    readonly spanId: string
    readonly traceState: string
    readonly attributes: OtelAttributes
  }[]
  readonly status: { readonly code: 'unset' | 'ok' | 'error'; readonly message?: string }
  readonly scope: OtelScope
  /** What the guest, or the host for its limits, left out. */
  readonly dropped: { readonly attributes: number; readonly events: number; readonly links: number }
}

/** A log record that a guest made. Times are nanoseconds since the epoch. */
export interface OtelLog {
  readonly time: bigint
  readonly observed: bigint
  /** 1 to 24; 0 is unknown. */
  readonly severity: number
  readonly severityText: string
  readonly body: OtelValue | undefined
  readonly attributes: OtelAttributes
  readonly traceId?: string
  readonly spanId?: string
  readonly sampled?: boolean
  readonly eventName?: string
  readonly droppedAttributes?: number
  readonly scope: OtelScope
}

interface Point {
  readonly attributes: OtelAttributes
  readonly start?: bigint
  readonly time: bigint
  readonly exemplars: readonly OtelExemplar[]
}

export interface OtelExemplar {
  readonly time: bigint
  readonly value: number | bigint
  readonly traceId?: string
  readonly spanId?: string
  readonly attributes: OtelAttributes
}

export interface OtelNumberPoint extends Point {
  /** A bigint is an integer, a number a double. */
  readonly value: number | bigint
}

interface Distribution extends Point {
  readonly count: bigint
  readonly sum: number
  readonly min?: number
  readonly max?: number
}

export interface OtelHistogramPoint extends Distribution {
  readonly bounds: readonly number[]
  readonly counts: readonly bigint[]
}

interface OtelBuckets {
  readonly offset: number
  readonly counts: readonly bigint[]
}

export interface OtelExponentialPoint extends Distribution {
  readonly scale: number
  readonly zeroCount: bigint
  readonly zeroThreshold: number
  readonly positive: OtelBuckets
  readonly negative: OtelBuckets
}

type Temporality = 'delta' | 'cumulative'

/** A metric as the guest aggregated it. */
export interface OtelMetric {
  readonly name: string
  readonly description: string
  readonly unit: string
  readonly data:
    | { readonly kind: 'gauge'; readonly points: readonly OtelNumberPoint[] }
    | {
        readonly kind: 'sum'
        readonly isMonotonic: boolean
        readonly temporality: Temporality
        readonly points: readonly OtelNumberPoint[]
      }
    | {
        readonly kind: 'histogram'
        readonly temporality: Temporality
        readonly points: readonly OtelHistogramPoint[]
      }
    | {
        readonly kind: 'exponentialHistogram'
        readonly temporality: Temporality
        readonly points: readonly OtelExponentialPoint[]
      }
}

export interface OtelMetrics {
  readonly scope: OtelScope
  readonly metrics: readonly OtelMetric[]
}

export type OtelSignal = 'traces' | 'metrics' | 'logs'

/** Why something of a guest's telemetry was left out; the list is closed, it labels a metric. */
export type OtelDropReason = 'invalid' | 'not-started' | 'duplicate' | 'too-many' | 'too-large'

/** Where guests' telemetry goes. Nothing here throws or waits. */
export interface GuestOtel {
  readonly limits: OtelLimits
  span(component: string, span: OtelSpan): void
  log(component: string, log: OtelLog): void
  metrics(component: string, metrics: readonly OtelMetrics[]): void
  dropped(signal: OtelSignal, reason: OtelDropReason, count: number): void
}

/** What a guest's `wasi:otel` calls find: the invocation that they belong to. */
export interface OtelSession {
  readonly limits: OtelLimits
  /** The innermost open span, the guest's own or the host's; undefined outside of any. */
  readonly current: TraceContext | undefined
  /** The host's span that called the guest. */
  readonly outer: TraceContext | undefined
  start(span: TraceContext): void
  end(span: OtelSpan, isSampled: boolean): void
  log(log: OtelLog): void
  metrics(metrics: readonly OtelMetrics[]): void
  drop(signal: OtelSignal, reason: OtelDropReason, count?: number): void
}

/** What a guest's telemetry may take; what is more is left out and counted. */
export interface OtelLimits {
  readonly span: AttributeLimits
  readonly event: AttributeLimits
  readonly link: AttributeLimits
  readonly logRecord: AttributeLimits
  /** Of points and exemplars, and of scopes. */
  readonly point: AttributeLimits
  /** Events and links of one span. */
  readonly events: number
  readonly links: number
  /** Spans that one invocation may start. */
  readonly spans: number
  /** Log records of one invocation. */
  readonly logs: number
  /** Data points of one export. */
  readonly points: number
}

/** What the attributes of one thing may take. */
export interface AttributeLimits {
  readonly attributes: number
  /** Characters of a value's JSON text, or of a name. */
  readonly valueLength: number
}

const attributeLimits: AttributeLimits = { attributes: 128, valueLength: 16_384 }

/** OpenTelemetry's own limits where it has some. */
export const defaultOtelLimits: OtelLimits = {
  span: attributeLimits,
  event: attributeLimits,
  link: attributeLimits,
  logRecord: attributeLimits,
  point: attributeLimits,
  events: 128,
  links: 128,
  spans: 1000,
  logs: 10_000,
  points: 10_000,
}
