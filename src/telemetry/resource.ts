import { version } from '../version.ts'
import { attributeNames as names } from './names.ts'
import type { OtlpAttributes } from './otlp-common.ts'
import { type Env, pairsOf } from './otlp-target.ts'
import type { SpanResource } from './span.ts'

/**
 * Turns who made something into the attributes of an OpenTelemetry resource, with what `OTEL_RESOURCE_ATTRIBUTES` adds.
 * `OTEL_SERVICE_NAME` names the host's own service; components have their own names.
 */
export function createResources(env: Env): (maker: SpanResource) => OtlpAttributes {
  const common = pairsOf(env['OTEL_RESOURCE_ATTRIBUTES'] ?? '')
  const hostService = env['OTEL_SERVICE_NAME']?.trim()
  const made = new WeakMap<SpanResource, OtlpAttributes>()
  return (maker) => {
    const known = made.get(maker)
    if (known) return known
    const attributes = {
      ...common,
      ...attributesOf(maker),
      ...(maker.isPlatform && hostService ? { [names.serviceName]: hostService } : {}),
    }
    made.set(maker, attributes)
    return attributes
  }
}

function attributesOf(maker: SpanResource): Record<string, string> {
  return {
    ...maker.attributes,
    [names.serviceName]: maker.service,
    ...(maker.namespace === undefined ? {} : { [names.serviceNamespace]: maker.namespace }),
    ...(maker.version === undefined ? {} : { [names.serviceVersion]: maker.version }),
    [names.serviceInstance]: maker.hostId,
    [names.hostName]: maker.hostName,
    ...(maker.component === undefined ? {} : { [names.componentId]: maker.component }),
    [names.sdkName]: 'weft',
    [names.sdkLanguage]: 'nodejs',
    [names.sdkVersion]: version,
  }
}
