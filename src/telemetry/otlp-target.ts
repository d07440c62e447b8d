import { readFileSync } from 'node:fs'
import { timerMs } from '../timer-ms.ts'

/** Environment variables, as `process.env` has them. An empty one counts as not set. */
export type Env = Readonly<Record<string, string | undefined>>

export const signals = ['traces', 'metrics', 'logs'] as const
export type Signal = (typeof signals)[number]

/** An OTLP endpoint, and how to speak to it. */
export interface OtlpEndpoint {
  readonly url: string
  readonly protocol: 'http/protobuf' | 'http/json'
  /** The longest that one export may take, retries included, in milliseconds. */
  readonly timeoutMs: number
  readonly headers: Readonly<Record<string, string>>
  readonly gzip: boolean
  /** PEM texts for an https endpoint. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string }
}

/** Where a signal goes: an OTLP endpoint, or nowhere and why. */
export type OtlpTarget =
  | ({ readonly state: 'on' } & OtlpEndpoint)
  | { readonly state: 'off'; readonly reason: string }

const defaultTimeoutMs = 10_000 // opentelemetry.io/docs/specs/otel/protocol/exporter

/**
 * Reads the standard `OTEL_*` variables for one signal. Without an endpoint a signal is off (the specification's default,
 * localhost, would cost every host without a collector). Never throws: what is wrong is the reason to be off.
 */
export function otlpTarget(env: Env, signal: Signal): OtlpTarget {
  const off = (reason: string): OtlpTarget => ({ state: 'off', reason })
  if (isSdkDisabled(env)) return off('OTEL_SDK_DISABLED=true')
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
  const compression = otlpVariable(env, signal, 'COMPRESSION') || 'none'
  if (compression !== 'none' && compression !== 'gzip') {
    return off(`OTLP compression '${compression}' is not supported; use gzip or none`)
  }
  try {
    return {
      state: 'on',
      url: url.toString(),
      protocol,
      timeoutMs: timeoutOf(env, signal),
      headers: pairsOf(otlpVariable(env, signal, 'HEADERS') ?? ''),
      gzip: compression === 'gzip',
      tls: tlsOf(env, signal),
    }
  } catch (error) {
    return off(error instanceof Error ? error.message : String(error))
  }
}

/** True when the environment turns all OpenTelemetry off; trace context passes through all the same. */
export function isSdkDisabled(env: Env): boolean {
  return env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true'
}

/** Reads `key=value,key=value` with percent-encoding, as `OTEL_*` variables have lists; what is no pair is left out. */
export function pairsOf(text: string): Record<string, string> {
  const pairs = text.split(',').flatMap((pair) => {
    const equals = pair.indexOf('=')
    const key = decoded(pair.slice(0, Math.max(0, equals)))
    const value = decoded(pair.slice(equals + 1))
    return key && value !== undefined ? [[key, value] as const] : []
  })
  return Object.fromEntries(pairs)
}

/** The URL of an endpoint without what may be secret in it, for people. */
export function withoutSecrets(text: string): string {
  const url = new URL(text)
  url.username = ''
  url.password = ''
  url.search = ''
  return url.toString()
}

function endpointOf(env: Env, signal: Signal): { variable: string; text: string } | undefined {
  const own = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`
  const ownText = env[own]?.trim()
  if (ownText) return { variable: own, text: ownText }
  const base = env['OTEL_EXPORTER_OTLP_ENDPOINT']?.trim()
  if (!base) return undefined
  return { variable: 'OTEL_EXPORTER_OTLP_ENDPOINT', text: `${base.replace(/\/+$/, '')}/v1/${signal}` }
}

/** What the processor of a signal grants an export stands in a variable of its own. */
const processorTimeouts: Readonly<Record<Signal, string>> = {
  traces: 'OTEL_BSP_EXPORT_TIMEOUT',
  metrics: 'OTEL_METRIC_EXPORT_TIMEOUT',
  logs: 'OTEL_BLRP_EXPORT_TIMEOUT',
}

function timeoutOf(env: Env, signal: Signal): number {
  const exporter = otlpVariable(env, signal, 'TIMEOUT')
  const processor = env[processorTimeouts[signal]]?.trim()
  const given = [exporter, processor].map(Number).filter((ms) => ms > 0 && Number.isFinite(ms))
  return given.length > 0 ? timerMs(Math.min(...given)) : defaultTimeoutMs
}

function tlsOf(env: Env, signal: Signal): OtlpEndpoint['tls'] {
  const file = (name: string) => {
    const path = otlpVariable(env, signal, name)
    return path ? readFileSync(path, 'utf8') : undefined
  }
  const ca = file('CERTIFICATE')
  const cert = file('CLIENT_CERTIFICATE')
  const key = file('CLIENT_KEY')
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  }
}

function otlpVariable(env: Env, signal: Signal, name: string): string | undefined {
  const own = env[`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${name}`]?.trim()
  return own || env[`OTEL_EXPORTER_OTLP_${name}`]?.trim()
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.trim())
  } catch {
    return undefined
  }
}
