/**
 * What a manifest's further traits say about a component, beyond wasmCloud's own: plain data, every part optional. The
 * controller writes it, as JSON, in the annotation `weft.dev/settings` of what it starts, so that other tools can carry
 * it too and other hosts ignore it.
 */
export interface ComponentSettings {
  readonly limits?: ComponentLimits
  readonly reuse?: InstanceReuse
  readonly telemetry?: TelemetrySettings
  readonly cli?: CliSettings
  readonly volumes?: VolumeSettings
  readonly network?: NetworkSettings
}

/**
 * What a component may reach itself; without it, nothing (links to providers are another matter). Entries are names,
 * patterns (`*.example.com`, `*`), addresses or ranges (`10.0.0.0/8`), with a port behind a colon.
 */
export interface NetworkSettings {
  /** TCP connections that it may open. */
  readonly tcp?: readonly string[]
  /** Peers that it may exchange UDP datagrams with. */
  readonly udp?: readonly string[]
  /** Own addresses that it may bind and listen at, TCP and UDP. */
  readonly listen?: readonly string[]
  /** Servers that it may send HTTP requests to without a link; without a port, that of the scheme. */
  readonly http?: readonly string[]
}

/** What a component finds in `wasi:cli/environment`; nothing of the host's own is ever seen there. */
export interface CliSettings {
  /** Arguments after the first, which is the program's name. */
  readonly args?: readonly string[]
  /** Environment variables. */
  readonly env?: Readonly<Record<string, string>>
}

/** Directories that a component's guests may use; without one they have no files. */
export interface VolumeSettings {
  readonly mounts: readonly VolumeMount[]
}

/** A volume that a component sees as a directory. */
export interface VolumeMount {
  /** A volume by the name that the hosts' operators gave it. */
  readonly volume: string
  /** Where the guest finds it, such as `/data`. */
  readonly path: string
  /** A directory in the volume; the volume itself when left out. */
  readonly subpath?: string
  /** Default `read-only`. */
  readonly access?: VolumeAccess
}

export const volumeAccesses = ['read-only', 'read-write'] as const
/** Whether a volume may be changed. */
export type VolumeAccess = (typeof volumeAccesses)[number]

/** What one component may use; what is left out is the host's default. */
export interface ComponentLimits {
  /** Linear memory of one instance, summed over its memories; growth beyond fails inside the guest. */
  readonly memoryBytes?: number
  /** Time of one invocation, its waits included; the caller's own deadline may end it sooner. */
  readonly timeMs?: number
  /** Elements of all tables of one instance. */
  readonly tableElements?: number
  /** Resource handles that one instance may hold open. */
  readonly handles?: number
  /** Bytes of one list or string that crosses the component's border, and of a body that waits to be read. */
  readonly bufferedBytes?: number
  /** Bytes of one request body. */
  readonly requestBytes?: number
  /** Calls that may wait for an instance on one data thread. */
  readonly queue?: number
  /** How long a call may wait for an instance. */
  readonly queueMs?: number
}

/** How often an instance may be used again; without it each invocation sees a fresh one. */
export interface InstanceReuse {
  /** Invocations that one instance may serve, one after the other or at once. */
  readonly invocations: number
  /** Invocations that a WASI 0.3 instance may serve at once; 1 when left out. */
  readonly concurrent?: number
}

/** How a component appears in telemetry, and where its telemetry goes; what is left out is as for every component. */
export interface TelemetrySettings {
  /** `service.name`; else the component's id. */
  readonly serviceName?: string
  /** `service.namespace`; else the application's name. */
  readonly serviceNamespace?: string
  /** `service.version`; else the image reference. */
  readonly serviceVersion?: string
  /** Further resource attributes. */
  readonly attributes?: Readonly<Record<string, string>>
  /** Base URL of an OTLP collector for this component's spans, metrics and logs. */
  readonly endpoint?: string
  /** Default: what the host speaks. */
  readonly protocol?: OtlpProtocol
}

/**
 * The variable by which a host's operator lets manifests name collectors at link-local addresses: `true`. A host tells its
 * provider processes `false` where a manifest has named theirs.
 */
export const linkLocalTelemetry = 'WEFT_TELEMETRY_LINK_LOCAL'

export const otlpProtocols = ['http/protobuf', 'http/json'] as const
export type OtlpProtocol = (typeof otlpProtocols)[number]

/** The annotation that carries the settings. */
export const settingsAnnotation = 'weft.dev/settings'

export const networkLids = ['none', 'public', 'any'] as const
/** The most that a host's operator lets manifests grant of the network: nothing, public addresses, or what they say. */
export type NetworkLid = (typeof networkLids)[number]

/** The label by which a host tells that it has a volume; its value is the most that it gives. */
export function volumeLabel(volume: string): string {
  return `weft.dev/volume.${volume}`
}

/** True when a host with these labels has all that is to be mounted. */
export function hasVolumes(
  labels: Readonly<Record<string, string>>,
  { mounts }: VolumeSettings = { mounts: [] },
): boolean {
  return mounts.every(({ volume, access }) => {
    const given = labels[volumeLabel(volume)]
    return given === 'read-write' || (given === 'read-only' && access !== 'read-write')
  })
}
