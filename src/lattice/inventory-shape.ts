import type { ComponentDescription, HostInventory, HostSummary, ProviderDescription } from './inventory.ts'
import { count, listOf, mapOf, or, orNull, record, type Shape, text } from './shape.ts'

const componentShape: Shape<ComponentDescription> = record(
  {
    id: text,
    image_ref: text,
    annotations: or(mapOf(text), {}),
    revision: or(count, 0),
    max_instances: count,
    limits: orNull(record({}, { max_memory_limit: text, max_execution_time: text })),
  },
  { name: text, config: listOf(text) },
)

const providerShape: Shape<ProviderDescription> = record(
  {
    id: text,
    image_ref: or(text, ''),
    annotations: or(mapOf(text), {}),
    revision: or(count, 0),
  },
  { name: text, problem: text },
)

const currentInventoryShape: Shape<HostInventory> = record({
  host_id: or(text, ''),
  friendly_name: text,
  labels: or(mapOf(text), {}),
  version: or(text, ''),
  uptime_human: or(text, ''),
  uptime_seconds: or(count, 0),
  components: listOf(componentShape),
  providers: listOf(providerShape),
})

/** The inventory that `host.get` and the heartbeat carry; hosts before 1.0 call the components `actors`. */
export const inventoryShape: Shape<HostInventory> = (value, path) => {
  const old = typeof value === 'object' && value !== null && 'actors' in value && !('components' in value)
  return currentInventoryShape(old ? { ...value, components: value.actors } : value, path)
}

/** One host's answer to `host.ping`. */
export const summaryShape: Shape<HostSummary> = record(
  {
    id: text,
    friendly_name: text,
    labels: or(mapOf(text), {}),
    lattice: text,
    uptime_human: or(text, ''),
    uptime_seconds: or(count, 0),
    version: or(text, ''),
  },
  { rpc_host: text, ctl_host: text, js_domain: text },
)
