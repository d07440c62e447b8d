import { linkLocalTelemetry } from './component-settings.ts'
import type { HostData } from './lattice/host-data.ts'
import { attributeNames as names } from './telemetry/names.ts'
import { type Env, type OtlpTarget, otlpTarget } from './telemetry/otlp-target.ts'
import { createResources } from './telemetry/resource.ts'
import { type Known, serviceOf } from './telemetry/service.ts'
import type { SpanResource } from './telemetry/span.ts'
import { telemetryEnv } from './telemetry/telemetry-env.ts'

/** What a provider process is told of where its telemetry goes, and who it is there. */
export interface ProviderTelemetry {
  /** The standard variables, for every language that knows them. */
  readonly env: Readonly<Record<string, string>>
  /** The same, as wasmCloud's SDK for providers reads it. */
  readonly otel: HostData['otel_config']
}

/**
 * What a provider's process gets of the host's telemetry: endpoints, headers and sampler as they hold for applications,
 * and the resource that names it. Its log lines are left out: the host captures and exports them.
 */
export function providerTelemetry(
  env: Env,
  provider: Known,
  host: Pick<SpanResource, 'hostId' | 'hostName'>,
): ProviderTelemetry {
  const service = serviceOf(provider, host)
  const own = telemetryEnv(env, service)
  const standard = Object.entries(own).flatMap(([name, value]) =>
    name.startsWith('OTEL_') && value !== undefined ? [[name, value] as const] : [],
  )
  return {
    env: {
      ...Object.fromEntries(standard),
      ...(service.otlp && { [linkLocalTelemetry]: env[linkLocalTelemetry] ?? 'false' }),
      OTEL_SERVICE_NAME: service.service,
      OTEL_RESOURCE_ATTRIBUTES: attributesText(own, service),
    },
    otel: otelConfig(own),
  }
}

/** Without what each SDK says of itself. */
function attributesText(env: Env, service: SpanResource): string {
  const { OTEL_SERVICE_NAME: _, ...others } = env
  return Object.entries(createResources(others)(service))
    .filter(([name]) => name !== names.serviceName && !name.startsWith('telemetry.sdk.'))
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join(',')
}

function otelConfig(env: Env): HostData['otel_config'] {
  const traces = otlpTarget(env, 'traces')
  const metrics = otlpTarget(env, 'metrics')
  const sampler = env['OTEL_TRACES_SAMPLER']
  const argument = env['OTEL_TRACES_SAMPLER_ARG']
  const ca = env['OTEL_EXPORTER_OTLP_CERTIFICATE']
  return {
    enable_observability: false,
    enable_traces: traces.state === 'on',
    enable_metrics: metrics.state === 'on',
    enable_logs: false,
    ...endpoint('traces_endpoint', traces),
    ...endpoint('metrics_endpoint', metrics),
    ...(sampler && { traces_sampler: sampler }),
    ...(argument && { traces_sampler_arg: argument }),
    protocol: 'Http',
    additional_ca_paths: ca ? [ca] : [],
    trace_level: 'info',
  }
}

function endpoint(name: 'traces_endpoint' | 'metrics_endpoint', target: OtlpTarget) {
  return target.state === 'on' ? { [name]: target.url } : {}
}
