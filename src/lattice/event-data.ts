import { inventoryShape } from './inventory-shape.ts'
import type { Link } from './link.ts'
import { linkShape } from './link-shape.ts'
import { anything, count, listOf, mapOf, or, record, type Shape, text } from './shape.ts'

/** What older clients know a provider's instance by: the id twice, and the link name `default`. */
const legacyProvider = { instance_id: text, public_key: text, link_name: text } as const

/** These members for a provider that has stopped, as hosts of 1.x still send them. */
export function legacyProviderNames(id: string) {
  return { instance_id: id, public_key: id, link_name: 'default' } as const
}

/** Of a signed component: its key, and what its signer says of it. */
const signed = { public_key: text, claims: mapOf(anything) } as const

/** `message` is Weft's: what is wrong, for people. */
const healthShape = record({ provider_id: text }, { host_id: text, message: text })

const errorShape = record({ error: text })
const failedLinkShape: Shape<Link & { readonly error: string }> = (value, path) => ({
  ...linkShape(value, path),
  ...errorShape(value, path),
})

/** The data of each event of the lattice, by the event's name, as far as Weft reads it. */
export const eventShapes = {
  host_started: record(
    { labels: or(mapOf(text), {}), friendly_name: text },
    { uptime_seconds: count, version: text },
  ),
  host_stopped: record({ labels: or(mapOf(text), {}) }),
  host_heartbeat: inventoryShape,
  component_scaled: record(
    { annotations: or(mapOf(text), {}), image_ref: text, max_instances: count, component_id: text },
    { host_id: text, ...signed },
  ),
  component_scale_failed: record(
    {
      annotations: or(mapOf(text), {}),
      image_ref: text,
      max_instances: count,
      component_id: text,
      error: text,
    },
    { host_id: text, public_key: text },
  ),
  /** Weft's own: once a second at most for each component and limit. */
  component_limit_hit: record({ component_id: text, limit: text }, { host_id: text }),
  /** Weft's own: a component that does harm again and again has a thread of its own now, or no longer. */
  component_confined: record({ component_id: text }, { host_id: text }),
  component_released: record({ component_id: text }, { host_id: text }),
  provider_started: record(
    { annotations: or(mapOf(text), {}), image_ref: text, provider_id: text },
    { host_id: text, ...legacyProvider, claims: mapOf(anything) },
  ),
  provider_start_failed: record(
    { provider_ref: text, provider_id: text, error: text },
    { host_id: text, link_name: text },
  ),
  provider_stopped: record(
    { annotations: or(mapOf(text), {}), provider_id: text, reason: text },
    { host_id: text, ...legacyProvider },
  ),
  health_check_passed: healthShape,
  health_check_failed: healthShape,
  health_check_status: healthShape,
  linkdef_set: linkShape,
  linkdef_set_failed: failedLinkShape,
  linkdef_deleted: record(
    { source_id: text, name: text, wit_namespace: text, wit_package: text },
    { target: text, interfaces: listOf(text) },
  ),
  config_set: record({ config_name: text }),
  config_deleted: record({ config_name: text }),
  labels_changed: record({ labels: mapOf(text) }, { host_id: text }),
} as const

export type EventName = keyof typeof eventShapes

/** The data of the event `N`. */
export type EventData<N extends EventName> = (typeof eventShapes)[N] extends Shape<infer T> ? T : never

/** True for a name in the protocol's table of events. */
export function isEventName(name: string): name is EventName {
  return Object.hasOwn(eventShapes, name)
}
