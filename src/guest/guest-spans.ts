import type { Call } from '../call/call.ts'
import type { TraceContext } from '../call/trace-context.ts'
import type {
  GuestOtel,
  OtelDropReason,
  OtelLimits,
  OtelLog,
  OtelMetrics,
  OtelSession,
  OtelSignal,
  OtelSpan,
} from '../capability/otel.ts'
import { preciseNow } from '../clock.ts'
import type { Log } from '../log.ts'

interface OpenSpan {
  readonly trace: TraceContext
  /** The span that was innermost when it began. */
  readonly parent: TraceContext | undefined
  /** Milliseconds since the epoch. */
  readonly start: number
}

/** What a guest makes known of itself in one invocation: its open spans belong to that invocation and to no other. */
export class GuestSpans implements OtelSession {
  readonly #call: Call
  readonly #otel: GuestOtel
  readonly #log: () => Log
  /** By span id, in the order in which they began. */
  readonly #open = new Map<string, OpenSpan>()
  #started = 0
  #logged = 0

  constructor(call: Call, otel: GuestOtel, log: () => Log) {
    this.#call = call
    this.#otel = otel
    this.#log = log
  }

  get limits(): OtelLimits {
    return this.#otel.limits
  }

  get outer(): TraceContext | undefined {
    return this.#call.context.trace
  }

  /** Of two spans that are open side by side, the one that began last. */
  get current(): TraceContext | undefined {
    return [...this.#open.values()].at(-1)?.trace ?? this.outer
  }

  start(trace: TraceContext): void {
    if (this.#open.has(trace.spanId)) this.drop('traces', 'duplicate')
    else if (this.#started >= this.limits.spans) this.drop('traces', 'too-many')
    else {
      this.#started++
      this.#open.set(trace.spanId, { trace, parent: this.current, start: preciseNow() })
    }
  }

  end(span: OtelSpan, isSampled: boolean): void {
    if (!this.#open.delete(span.spanId)) {
      this.drop('traces', 'not-started')
      this.#log().debug(`the guest ended a span that it had not started: ${span.name}`)
      return
    }
    if (isSampled) this.#otel.span(this.#call.target, span)
  }

  log(log: OtelLog): void {
    if (this.#logged++ < this.limits.logs) this.#otel.log(this.#call.target, log)
    else this.drop('logs', 'too-many')
  }

  metrics(metrics: readonly OtelMetrics[]): void {
    this.#otel.metrics(this.#call.target, metrics)
  }

  drop(signal: OtelSignal, reason: OtelDropReason, count = 1): void {
    this.#otel.dropped(signal, reason, count)
  }

  /** The invocation is over: what is still open is shown as what it is. */
  close(): void {
    const end = preciseNow()
    for (const { trace, parent, start } of this.#open.values()) {
      if (trace.sampled) this.#otel.span(this.#call.target, unended({ trace, parent, start }, end))
    }
    this.#open.clear()
  }
}

function unended({ trace, parent, start }: OpenSpan, end: number): OtelSpan {
  const isInTrace = parent?.traceId === trace.traceId
  return {
    traceId: trace.traceId,
    spanId: trace.spanId,
    ...(isInTrace && { parentSpanId: parent.spanId }),
    traceState: trace.traceState,
    name: 'unended',
    kind: 'internal',
    start,
    end,
    attributes: { 'weft.span.unended': true },
    events: [],
    links: [],
    status: { code: 'unset' },
    scope: { name: 'weft' },
    dropped: { attributes: 0, events: 0, links: 0 },
  }
}
