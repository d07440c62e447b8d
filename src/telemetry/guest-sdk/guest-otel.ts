import type { LoggerProvider, MeterProvider, TracerProvider } from '@opentelemetry/api'
import { ActiveContext } from './active-context.ts'
import type { OtelHost } from './host.ts'
import { GuestLogger } from './logger.ts'
import { GuestMeter } from './meter.ts'
import { Times } from './times.ts'
import { type GuestScope, GuestTracer } from './tracer.ts'

/** OpenTelemetry in a guest: the providers of `@opentelemetry/api` over `wasi:otel`. */
export interface GuestOtel {
  readonly tracerProvider: TracerProvider
  readonly meterProvider: MeterProvider
  readonly loggerProvider: LoggerProvider
  readonly contextManager: ActiveContext
  /** Hands what was measured to the host; call it at the end of an invocation. */
  flush(): Promise<void>
}

/** The parts of `@opentelemetry/api` that `register` is given. */
interface OtelApi {
  readonly context: { setGlobalContextManager(manager: ActiveContext): boolean }
  readonly trace: { setGlobalTracerProvider(provider: TracerProvider): unknown }
  readonly metrics?: { setGlobalMeterProvider(provider: MeterProvider): unknown }
  readonly logs?: { setGlobalLoggerProvider(provider: LoggerProvider): unknown }
}

/**
 * Makes the providers for a guest. `host` is what it imports: `guestOtel({ tracing, metrics, logs, clock })`. Spans hang
 * under the host's span of the invocation; the active span stays active across `await`; integers, exemplars and the rest
 * arrive as they are.
 */
export function guestOtel(host: OtelHost): GuestOtel {
  const contexts = new ActiveContext()
  const times = new Times(host.clock)
  const meters = new Map<string, GuestMeter>()
  const own = (name: string, version: string | undefined): GuestScope => ({
    host,
    times,
    contexts,
    scope: { name, version },
  })
  return {
    contextManager: contexts,
    tracerProvider: { getTracer: (name, version) => new GuestTracer(own(name, version)) },
    meterProvider: {
      getMeter(name, version) {
        const key = `${name} ${version ?? ''}`
        const meter = meters.get(key) ?? new GuestMeter(own(name, version))
        meters.set(key, meter)
        return meter
      },
    },
    loggerProvider: { getLogger: (name, version) => new GuestLogger(own(name, version)) },
    async flush() {
      for (const meter of meters.values()) await meter.flush()
    },
  }
}

/** The one line: `registerGuestOtel(host, { context, trace, metrics, logs })` with what `@opentelemetry/api` exports. */
export function registerGuestOtel(host: OtelHost, api: OtelApi): GuestOtel {
  const otel = guestOtel(host)
  api.context.setGlobalContextManager(otel.contextManager)
  api.trace.setGlobalTracerProvider(otel.tracerProvider)
  api.metrics?.setGlobalMeterProvider(otel.meterProvider)
  api.logs?.setGlobalLoggerProvider(otel.loggerProvider)
  return otel
}
