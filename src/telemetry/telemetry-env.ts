import type { Env } from './otlp-target.ts'
import type { SpanResource } from './span.ts'

/** Stands before a standard variable that is meant for the telemetry of applications alone. */
const applicationPrefix = 'WEFT_APP_'

/**
 * The environment that holds for what `maker` made. The platform (hosts and controller) has the standard variables;
 * applications the same, or the one with `WEFT_APP_` before it where there is one, and nothing that is meant for the
 * platform's collector where they have their own; a component whose manifest names an endpoint sends everything there.
 */
export function telemetryEnv(env: Env, maker: Pick<SpanResource, 'isPlatform' | 'otlp'>): Env {
  if (maker.isPlatform) return env
  const own = Object.entries(env).flatMap(([name, value]) =>
    name.startsWith(`${applicationPrefix}OTEL_`) && value?.trim()
      ? [[name.slice(applicationPrefix.length), value]]
      : [],
  )
  const ofApplications: Env = Object.fromEntries(own)
  const hasCollector = ofApplications['OTEL_EXPORTER_OTLP_ENDPOINT'] !== undefined
  const shared: Env = { ...(hasCollector ? withoutCollector(env) : env), ...ofApplications }
  if (!maker.otlp) return shared
  const { endpoint, protocol } = maker.otlp
  const general = Object.entries(shared).filter(
    ([name]) => !/^OTEL_EXPORTER_OTLP_/.test(name) || /TIMEOUT/.test(name),
  )
  return {
    ...Object.fromEntries(general),
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    ...(protocol !== undefined && { OTEL_EXPORTER_OTLP_PROTOCOL: protocol }),
  }
}

/** How to speak to a collector says nothing of which one it is. */
const manner = /^OTEL_EXPORTER_OTLP_(PROTOCOL|COMPRESSION|(\w+_)?TIMEOUT)$/

function withoutCollector(env: Env): Env {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('OTEL_EXPORTER_OTLP_') || manner.test(name)),
  )
}
