// What observed.ts imports beyond hello.ts, as componentize-qjs maps its WIT.

declare module 'wasi:clocks/wall-clock@0.2.0' {
  const clock: { now(): { seconds: number; nanoseconds: number } }
  export default clock
}

declare module 'wasi:otel/tracing@0.2.0-rc.2' {
  interface SpanContext {
    readonly traceId: string
    readonly spanId: string
    readonly traceFlags: { readonly sampled?: boolean }
    readonly isRemote: boolean
    readonly traceState: readonly (readonly [string, string])[]
  }
  const tracing: {
    onStart(context: SpanContext): void
    onEnd(span: object): void
    outerSpanContext(): SpanContext
    currentSpanContext(): SpanContext
  }
  export default tracing
}

declare module 'wasi:otel/metrics@0.2.0-rc.2' {
  const metrics: { export(metrics: object): void }
  export default metrics
}

declare module 'wasi:otel/logs@0.2.0-rc.2' {
  const logs: { onEmit(record: object): void }
  export default logs
}
