import type { ComponentDescription, ProviderDescription } from '../lattice/inventory.ts'
import type { Link } from '../lattice/link.ts'

/** The lattice as the controller last saw it: living hosts only. */
export interface LatticeView {
  readonly hosts: readonly HostView[]
  /** The links of a component or provider, by its id. */
  readonly links: (sourceId: string) => readonly Link[]
  readonly configs: ReadonlyMap<string, Readonly<Record<string, string>>>
}

export interface HostView {
  readonly id: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** A Weft host: it swaps a component's code in place, without a gap. */
  readonly weft: boolean
  readonly components: readonly ComponentDescription[]
  readonly providers: readonly ProviderDescription[]
  /** Providers whose last health check failed, by id, with what the host said ('' from hosts that say nothing). */
  readonly unhealthy: ReadonlyMap<string, string>
  /** Providers that were started and of which the host has not said yet how they are; Weft hosts say it at once. */
  readonly unheard?: ReadonlySet<string>
}

/** The component or provider `id` on a host. */
export function findRunning(
  host: HostView,
  { kind, id }: { readonly kind: 'component' | 'provider'; readonly id: string },
): ComponentDescription | ProviderDescription | undefined {
  const running: readonly (ComponentDescription | ProviderDescription)[] =
    kind === 'component' ? host.components : host.providers
  return running.find((entry) => entry.id === id)
}
