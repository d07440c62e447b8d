import { attributeNames as names } from './names.ts'
import { readSpans } from './read-spans.ts'
import type { SpanRecord } from './span.ts'
import { summarizeTrace, type TraceSummary } from './summarize-trace.ts'

export interface TraceStoreLimits {
  /** Default 1000. */
  readonly maxTraces: number
  /** Spans of all traces. Default 50 000. */
  readonly maxSpans: number
  /** Spans of one trace; more are dropped. Default 10 000. */
  readonly maxSpansPerTrace: number
  /** The size of all spans as they came over the wire. Default 64 MiB. */
  readonly maxBytes: number
}

/** What to look for; every condition that is given must hold. */
export interface TraceQuery {
  /** A component or provider that took part. */
  readonly component?: string
  /** Only traces with a failed span. */
  readonly errors?: true
  readonly minDurationMs?: number
  /** The most traces to give back. Default 20. */
  readonly limit?: number
}

interface StoredTrace {
  readonly spans: Map<string, SpanRecord>
  /** When its first span begins, of those that are known; a moment to come counts as now. */
  start: number
  bytes: number
}

const defaultLimits: TraceStoreLimits = {
  maxTraces: 1000,
  maxSpans: 50_000,
  maxSpansPerTrace: 10_000,
  maxBytes: 64 * 1024 * 1024,
}

/** Messages that nobody has read yet may take this share of all bytes. */
const unreadShare = 4

/** Keeps the latest traces in memory. The trace that got no span for the longest time goes first. */
export class TraceStore {
  readonly #limits: TraceStoreLimits
  /** In the order of their last span. */
  readonly #traces = new Map<string, StoredTrace>()
  /** Messages as they came, the oldest first. */
  readonly #unread: Uint8Array[] = []
  #unreadBytes = 0
  #spans = 0
  #bytes = 0
  #refused = 0

  constructor(limits: Partial<TraceStoreLimits> = {}) {
    this.#limits = { ...defaultLimits, ...limits }
  }

  /** What is kept, and how many entries were refused so far because they were no spans or too many for one trace. */
  get size(): {
    readonly traces: number
    readonly spans: number
    readonly bytes: number
    readonly refused: number
  } {
    this.#read()
    return { traces: this.#traces.size, spans: this.#spans, bytes: this.#bytes, refused: this.#refused }
  }

  /**
   * Takes a message of `weft.spans.{lattice}`, whatever it holds; never throws. It is read when somebody asks: most
   * traces are never looked at.
   */
  accept(message: Uint8Array): void {
    this.#unread.push(message)
    this.#unreadBytes += message.byteLength
    while (this.#unreadBytes > this.#limits.maxBytes / unreadShare && this.#unread.length > 1)
      this.#unreadBytes -= this.#unread.shift()?.byteLength ?? 0
  }

  /** The latest traces that match, the one that began last first. */
  latest(query: TraceQuery = {}): TraceSummary[] {
    this.#read()
    const found: TraceSummary[] = []
    for (const [, trace] of this.#newestFirst()) {
      if (found.length >= (query.limit ?? 20)) break
      const spans = [...trace.spans.values()]
      const summary = summarizeTrace(spans)
      if (summary && matches(summary, query) && hasPart(spans, query.component)) found.push(summary)
    }
    return found
  }

  /** The ids of the traces that begin with `prefix`, in the same order. */
  idsWithPrefix(prefix: string): string[] {
    this.#read()
    const wanted = prefix.toLowerCase()
    return this.#newestFirst()
      .map(([id]) => id)
      .filter((id) => id.startsWith(wanted))
  }

  /** All spans of one trace; empty when it is not known. */
  spansOf(traceId: string): SpanRecord[] {
    this.#read()
    return [...(this.#traces.get(traceId)?.spans.values() ?? [])]
  }

  /** Spans come by thread and service, some sooner than others: the order in which they came says little. */
  #newestFirst(): [id: string, trace: StoredTrace][] {
    return [...this.#traces].reverse().sort(([, one], [, other]) => other.start - one.start)
  }

  #read(): void {
    for (const message of this.#unread.splice(0)) {
      const { spans, refused } = readSpans(message)
      this.#refused += refused
      const bytesEach = Math.ceil(message.byteLength / Math.max(1, spans.length))
      for (const span of spans) this.#add(span, bytesEach)
      this.#evict()
    }
    this.#unreadBytes = 0
  }

  #add(span: SpanRecord, bytes: number): void {
    const trace = this.#traces.get(span.traceId) ?? { spans: new Map(), start: Date.now(), bytes: 0 }
    this.#traces.delete(span.traceId)
    this.#traces.set(span.traceId, trace)
    if (trace.spans.has(span.spanId)) return
    if (trace.spans.size >= this.#limits.maxSpansPerTrace) {
      this.#refused += 1
      return
    }
    trace.spans.set(span.spanId, span)
    trace.start = Math.min(trace.start, span.start)
    trace.bytes += bytes
    this.#spans += 1
    this.#bytes += bytes
  }

  #evict(): void {
    const { maxTraces, maxSpans, maxBytes } = this.#limits
    for (const [id, trace] of this.#traces) {
      const fits = this.#traces.size <= maxTraces && this.#spans <= maxSpans && this.#bytes <= maxBytes
      if (fits) return
      this.#traces.delete(id)
      this.#spans -= trace.spans.size
      this.#bytes -= trace.bytes
    }
  }
}

function matches(summary: TraceSummary, query: TraceQuery): boolean {
  if (query.errors && summary.errors === 0) return false
  return summary.durationMs >= (query.minDurationMs ?? 0)
}

/** A component or provider is known by its id and by the name of its service; some have no span, but are named by others. */
function hasPart(spans: readonly SpanRecord[], part: string | undefined): boolean {
  if (part === undefined) return true
  return spans.some(
    ({ resource, attributes }) =>
      resource.service === part ||
      resource.component === part ||
      namedParts.some((name) => attributes[name] === part),
  )
}

const namedParts = [names.source, names.target, names.servicePeer]
