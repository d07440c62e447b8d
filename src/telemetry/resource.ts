import { type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import { attributeNames as names } from './names.ts'
import type { Env } from './otlp-target.ts'
import type { SpanResource } from './span.ts'

const maxCached = 1000 // more than the components that one host sees in a while

/**
 * Turns who made something into an OpenTelemetry resource, with what `OTEL_RESOURCE_ATTRIBUTES` adds. Equal ones come
 * back as the same object, by which the exporters group.
 */
export function createResources(env: Env): (maker: SpanResource) => Resource {
  const common = resourceAttributesFromEnv(env)
  const cache = new Map<string, Resource>()
  return (maker) => {
    const key = JSON.stringify([maker.service, maker.namespace, maker.version, maker.hostId, maker.hostName])
    const known = cache.get(key)
    if (known) return known
    if (cache.size >= maxCached) cache.clear()
    const resource = resourceFromAttributes({ ...common, ...attributesOf(maker) })
    cache.set(key, resource)
    return resource
  }
}

function attributesOf(maker: SpanResource): Record<string, string> {
  return {
    [names.serviceName]: maker.service,
    ...(maker.namespace === undefined ? {} : { [names.serviceNamespace]: maker.namespace }),
    ...(maker.version === undefined ? {} : { [names.serviceVersion]: maker.version }),
    [names.serviceInstance]: maker.hostId,
    [names.hostName]: maker.hostName,
  }
}

/** Reads `OTEL_RESOURCE_ATTRIBUTES` (`key=value,key=value`, percent-encoded); pairs that are not valid are left out. */
export function resourceAttributesFromEnv(env: Env): Record<string, string> {
  const pairs = (env['OTEL_RESOURCE_ATTRIBUTES'] ?? '').split(',').flatMap((pair) => {
    const equals = pair.indexOf('=')
    const key = decoded(pair.slice(0, Math.max(0, equals)))
    const value = decoded(pair.slice(equals + 1))
    return key && value !== undefined ? [[key, value] as const] : []
  })
  return Object.fromEntries(pairs)
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.trim())
  } catch {
    return undefined
  }
}
