/** W3C Trace Context as its headers have it, for work that is no call. */
export interface TraceHeaders {
  readonly traceparent: string
  /** '' when there is none. */
  readonly tracestate: string
}

/** The span of a piece of work. Names are few: ids stand in the attributes. */
export interface WorkSpan {
  readonly name: string
  readonly kind: 'internal' | 'client' | 'server'
  /** The span it hangs under; without one the work is done untraced, except where it begins a trace. */
  readonly parent: TraceHeaders | 'new trace' | undefined
  readonly attributes?: Readonly<Record<string, string | number>>
}

/**
 * The port for spans of what is no call: a deploy, a control request, a compile. Does `work` under a span and gives it the
 * headers that carry the trace on; what `work` throws is the span's failure, and thrown on.
 */
export type TraceWork = <T>(span: WorkSpan, work: (own: TraceHeaders | undefined) => Promise<T>) => Promise<T>

/** Traces nothing and carries the trace on. */
export const untraced: TraceWork = ({ parent }, work) => work(parent === 'new trace' ? undefined : parent)
