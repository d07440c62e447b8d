import type { ScaleRequest, StartProviderRequest } from '../lattice/control.ts'
import type { Link } from '../lattice/link.ts'
import type { LinkKey } from './link-key.ts'

/** One thing to do to the lattice. */
export interface Command {
  readonly app: string
  /** What of the application it serves: status and failures are told per part. */
  readonly part: string
  /** The thing it changes; two commands with one target never run at the same time. */
  readonly target: string
  readonly deed: Deed
}

export type Deed =
  | {
      readonly do: 'put config'
      readonly name: string
      readonly properties: Readonly<Record<string, string>>
    }
  | { readonly do: 'delete config'; readonly name: string }
  | { readonly do: 'scale'; readonly request: ScaleRequest }
  | { readonly do: 'start provider'; readonly request: StartProviderRequest }
  | { readonly do: 'stop provider'; readonly hostId: string; readonly providerId: string }
  | {
      readonly do: 'put link'
      readonly link: Link /** Delete what stands in its place first. */
      readonly replace: boolean
    }
  | { readonly do: 'delete link'; readonly link: LinkKey }

/** The order in which commands of one pass are carried out; removals come last. */
export function phaseOf({ deed }: Command): number {
  switch (deed.do) {
    case 'put config':
      return 0
    case 'start provider':
      return 1
    case 'scale':
      return deed.request.count > 0 ? 2 : 4
    case 'put link':
      return 3
    case 'stop provider':
      return 5
    case 'delete link':
      return 6
    case 'delete config':
      return 7
  }
}

export const configPart = (name: string) => `config ${name}`
export const workloadPart = (id: string) => `workload ${id}`
export const runningTarget = (hostId: string, id: string) => `${id} on ${hostId}`

/** One line for the log: `scale hello to 3 on brave-maple (NABCDEFG)`. */
export function describe({ deed }: Command, nameOf: (hostId: string) => string): string {
  switch (deed.do) {
    case 'put config':
    case 'delete config':
      return `${deed.do} ${deed.name}`
    case 'scale':
      return `scale ${deed.request.component_id} to ${deed.request.count} on ${nameOf(deed.request.host_id)}`
    case 'start provider':
      return `start provider ${deed.request.provider_id} on ${nameOf(deed.request.host_id)}`
    case 'stop provider':
      return `stop provider ${deed.providerId} on ${nameOf(deed.hostId)}`
    case 'put link':
    case 'delete link':
      return `${deed.do} ${deed.link.source_id} → ${deed.link.target} (${deed.link.wit_namespace}:${deed.link.wit_package})`
  }
}
