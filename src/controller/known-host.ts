import { isDeepStrictEqual } from 'node:util'
import type { EventData } from '../lattice/event-data.ts'
import type { HostInventory } from '../lattice/inventory.ts'
import type { HostView } from './lattice-view.ts'

/** What the controller knows of one host. */
export interface KnownHost {
  readonly id: string
  inventory: HostInventory | undefined
  /** What `view` gives; the same object until something of it changes. */
  view: HostView | undefined
  /** When anything was last heard of it, by the monotonic clock. */
  heardAt: number
  /** What is wrong with each unhealthy provider, by id. */
  unhealthy: Map<string, string>
  /** Providers that were started and of which nothing was said since. */
  readonly unheard: Set<string>
  asking: boolean
  askAgain: boolean
  askAt: number
}

/** A host of which nothing is known but that it is there. */
export function newHost(id: string): KnownHost {
  return {
    id,
    inventory: undefined,
    view: undefined,
    heardAt: performance.now(),
    unhealthy: new Map(),
    unheard: new Set(),
    asking: false,
    askAgain: false,
    askAt: 0,
  }
}

/** True when two inventories differ in nothing but the time. */
export function saysTheSame(a: HostInventory, b: HostInventory): boolean {
  return isDeepStrictEqual(withoutTimes(a), withoutTimes(b))
}

function withoutTimes({ friendly_name, labels, components, providers }: HostInventory): unknown {
  return { friendly_name, labels, components, providers }
}

/** A Weft host tells what is wrong with each provider, so that nobody needs to have heard all its events. */
export function hearHealth(host: KnownHost, { providers }: HostInventory): void {
  host.unhealthy = new Map(
    providers.flatMap(({ id, problem }) => (problem === undefined ? [] : [[id, problem] as const])),
  )
  host.unheard.clear()
}

/** Takes in an event of a provider's health; false when that is what was known. */
export function changeHealth(host: KnownHost, name: string, data: EventData<'health_check_failed'>): boolean {
  const { provider_id: provider, message = '' } = data
  const before = host.unhealthy.get(provider)
  if (name === 'health_check_failed') host.unhealthy.set(provider, message)
  if (name === 'health_check_passed') host.unhealthy.delete(provider)
  return host.unheard.delete(provider) || before !== host.unhealthy.get(provider)
}

/** The host as plans see it. */
export function viewOf(
  host: KnownHost,
  { inventory, weft }: { readonly inventory: HostInventory; readonly weft: boolean },
): HostView {
  return {
    id: host.id,
    name: inventory.friendly_name,
    labels: inventory.labels,
    weft,
    components: inventory.components,
    providers: inventory.providers,
    unhealthy: new Map(host.unhealthy),
    unheard: new Set(host.unheard),
  }
}
