import type { TraceHeaders } from '../trace-work.ts'
import type { HostInventory, HostSummary } from './inventory.ts'

/** Body of `component.scale.{host}`; `count` is max_instances, 0 stops. */
export interface ScaleRequest {
  readonly component_ref: string
  readonly component_id: string
  readonly annotations: Readonly<Record<string, string>>
  readonly count: number
  readonly component_limits?: { readonly max_memory_limit?: string; readonly max_execution_time?: string }
  readonly host_id: string
  readonly config: readonly string[]
  readonly allow_update: boolean
}

export interface UpdateRequest {
  readonly component_id: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly host_id: string
  readonly new_component_ref: string
}

export interface StartProviderRequest {
  readonly provider_id: string
  readonly provider_ref: string
  readonly host_id: string
  readonly config: readonly string[]
  readonly annotations: Readonly<Record<string, string>>
}

/** The reply envelope of every control request; `response` is left out when there is none. */
export interface ControlReply<T = unknown> {
  readonly success: boolean
  readonly message: string
  readonly response?: T
}

export interface AuctionRequest {
  readonly ref: string
  readonly id: string
  readonly constraints: Readonly<Record<string, string>>
}

/**
 * What the control server asks of its host. Replies come at once; what takes time goes on afterwards and shows in
 * events. Links, config and claims are not here: they are served from the buckets alone, for the whole lattice.
 */
export interface ControlHandlers {
  summary(): HostSummary
  inventory(): HostInventory
  /** True when this host could take it: labels match and nothing with that id runs here. */
  bidForComponent(auction: AuctionRequest): boolean
  bidForProvider(auction: AuctionRequest): boolean
  /** `trace` is what the request belongs to; what follows from it, too. */
  scaleComponent(request: ScaleRequest, trace?: TraceHeaders): ControlReply
  updateComponent(request: UpdateRequest, trace?: TraceHeaders): ControlReply
  startProvider(request: StartProviderRequest, trace?: TraceHeaders): ControlReply
  stopProvider(providerId: string): Promise<ControlReply>
  stopHost(timeoutMs: number | undefined): ControlReply
  putLabel(key: string, value: string): ControlReply
  deleteLabel(key: string): ControlReply
  putRegistries(credentials: Readonly<Record<string, unknown>>): ControlReply
}
