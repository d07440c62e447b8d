/** Environment variables, as `process.env` has them. An empty one counts as not set. */
export type Env = Readonly<Record<string, string | undefined>>

export type Signal = 'traces' | 'metrics' | 'logs'

/** Where a signal goes: an OTLP endpoint, or nowhere and why. */
export type OtlpTarget =
  | {
      readonly state: 'on'
      readonly url: string
      readonly protocol: 'http/protobuf' | 'http/json'
      /** The longest that one export may take, retries included, in milliseconds. */
      readonly timeoutMs: number
    }
  | { readonly state: 'off'; readonly reason: string }

const defaultTimeoutMs = 10_000 // opentelemetry.io/docs/specs/otel/protocol/exporter

/**
 * Reads the standard `OTEL_*` variables for one signal. Without an endpoint a signal is off (the specification's default,
 * localhost, would cost every host without a collector). Never throws: what is wrong is the reason to be off.
 */
export function otlpTarget(env: Env, signal: Signal): OtlpTarget {
  const off = (reason: string): OtlpTarget => ({ state: 'off', reason })
  if (env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') return off('OTEL_SDK_DISABLED=true')
  const exporterName = `OTEL_${signal.toUpperCase()}_EXPORTER`
  const exporters = (env[exporterName] || 'otlp').split(',').map((name) => name.trim())
  if (!exporters.includes('otlp')) return off(`${exporterName}=${env[exporterName]}`)
  const endpoint = endpointOf(env, signal)
  if (!endpoint) return off('set OTEL_EXPORTER_OTLP_ENDPOINT')
  const url = URL.canParse(endpoint.text) ? new URL(endpoint.text) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    return off(`${endpoint.variable} is '${endpoint.text}'; it must be an http or https URL`)
  }
  const protocol = otlpVariable(env, signal, 'PROTOCOL') || 'http/protobuf'
  if (protocol !== 'http/protobuf' && protocol !== 'http/json') {
    return off(`OTLP protocol '${protocol}' is not supported; use http/protobuf or http/json`)
  }
  return { state: 'on', url: url.toString(), protocol, timeoutMs: timeoutOf(env, signal) }
}

function endpointOf(env: Env, signal: Signal): { variable: string; text: string } | undefined {
  const own = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`
  const ownText = env[own]?.trim()
  if (ownText) return { variable: own, text: ownText }
  const base = env['OTEL_EXPORTER_OTLP_ENDPOINT']?.trim()
  if (!base) return undefined
  return { variable: 'OTEL_EXPORTER_OTLP_ENDPOINT', text: `${base.replace(/\/+$/, '')}/v1/${signal}` }
}

function timeoutOf(env: Env, signal: Signal): number {
  const timeout = Number(otlpVariable(env, signal, 'TIMEOUT'))
  return timeout > 0 && Number.isFinite(timeout) ? timeout : defaultTimeoutMs
}

function otlpVariable(env: Env, signal: Signal, name: string): string | undefined {
  const own = env[`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${name}`]?.trim()
  return own || env[`OTEL_EXPORTER_OTLP_${name}`]?.trim()
}
