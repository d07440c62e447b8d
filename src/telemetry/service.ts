import type { TelemetrySettings } from '../component-settings.ts'
import { attributeNames as names } from './names.ts'
import { type Env, pairsOf } from './otlp-target.ts'
import type { SpanResource } from './span.ts'

/** A component or provider as a host knows it. */
export interface Known {
  readonly id: string
  readonly application?: string
  /** Its image reference. */
  readonly ref?: string
  readonly telemetry?: TelemetrySettings
}

/** Each component and provider is an OpenTelemetry service of its own, named by what its manifest says, else by its id. */
export function serviceOf(
  { id, application, ref, telemetry = {} }: Known,
  host: Pick<SpanResource, 'hostId' | 'hostName'>,
): SpanResource {
  const service = telemetry.serviceName ?? id
  const namespace = telemetry.serviceNamespace ?? application
  const version = telemetry.serviceVersion ?? ref
  const { attributes, endpoint, protocol } = telemetry
  return {
    service,
    ...(namespace !== undefined && { namespace }),
    ...(version !== undefined && { version }),
    ...host,
    ...(service !== id && { component: id }),
    ...(attributes && { attributes }),
    ...(endpoint !== undefined && { otlp: { endpoint, ...(protocol !== undefined && { protocol }) } }),
  }
}

/** The service of a process that its host has described in the standard variables. */
export function serviceFromEnv(
  env: Env,
  { id, hostId }: { readonly id: string; readonly hostId: string },
): SpanResource {
  const service = env['OTEL_SERVICE_NAME']?.trim() || id
  const attributes = pairsOf(env['OTEL_RESOURCE_ATTRIBUTES'] ?? '')
  const namespace = attributes[names.serviceNamespace]
  const version = attributes[names.serviceVersion]
  return {
    service,
    ...(namespace !== undefined && { namespace }),
    ...(version !== undefined && { version }),
    hostId,
    hostName: attributes[names.hostName] ?? '',
    ...(service !== id && { component: id }),
  }
}
