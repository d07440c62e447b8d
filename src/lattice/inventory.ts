/** A component on a host, as `host.get` and the heartbeat report it. */
export interface ComponentDescription {
  readonly id: string
  readonly image_ref: string
  readonly name?: string
  readonly annotations: Readonly<Record<string, string>>
  readonly revision: number
  readonly max_instances: number
  /** Names of its config; Weft hosts tell, others leave it out. */
  readonly config?: readonly string[]
  readonly limits: { readonly max_memory_limit?: string; readonly max_execution_time?: string } | null
}

/** A provider on a host. `image_ref` is without its scheme. */
export interface ProviderDescription {
  readonly id: string
  readonly image_ref: string
  readonly name?: string
  readonly annotations: Readonly<Record<string, string>>
  readonly revision: number
  /** What is wrong with it; Weft hosts tell, others leave it out. */
  readonly problem?: string
}

/** The answer to `host.get.{host}` and the data of `host_heartbeat`. */
export interface HostInventory {
  readonly host_id: string
  readonly friendly_name: string
  readonly labels: Readonly<Record<string, string>>
  readonly version: string
  readonly uptime_human: string
  readonly uptime_seconds: number
  readonly components: readonly ComponentDescription[]
  readonly providers: readonly ProviderDescription[]
}

/** The answer to `host.ping`. */
export interface HostSummary {
  readonly id: string
  readonly friendly_name: string
  readonly labels: Readonly<Record<string, string>>
  readonly lattice: string
  readonly uptime_human: string
  readonly uptime_seconds: number
  readonly version: string
  readonly rpc_host?: string
  readonly ctl_host?: string
  readonly js_domain?: string
}
