import type { ArtifactRules } from '../artifact/artifacts.ts'
import type { NetworkLid } from '../component-settings.ts'
import type { HostLimits } from '../guest/limits.ts'
import type { HostVolumes } from '../guest/volume/volumes.ts'
import type { HostIdentity } from '../lattice/host-identity.ts'
import type { HostInventory } from '../lattice/inventory.ts'
import type { PolicySubjects } from '../lattice/policy.ts'
import type { Log, LogRecord } from '../log.ts'
import type { Measure } from '../measure.ts'
import type { NatsLogin } from '../nats-login.ts'
import type { TraceWork } from '../trace-work.ts'
import type { Origin } from './instruments.ts'
import type { ProcessSurroundings } from './process/provider-instance.ts'

export interface HostOptions {
  /** The server for control requests, events and buckets. */
  readonly natsUrl: string
  readonly natsLogin?: NatsLogin | undefined
  /** Another server or login for the calls of components and providers; the same when left out. */
  readonly rpc?: { readonly natsUrl: string; readonly natsLogin?: NatsLogin | undefined } | undefined
  readonly lattice: string
  /** Added to the labels that every host has. */
  readonly labels: Readonly<Record<string, string>>
  readonly identity: HostIdentity
  /** Data threads. */
  readonly threads: number
  /** Where compiled components are kept. */
  readonly cacheDir: string
  /** What of the references it is given this host takes. */
  readonly artifacts: ArtifactRules
  /** True refuses components and providers that carry no signed claims. */
  readonly requireSigned?: boolean | undefined
  /** The policy service that is asked before anything starts or is called; everything is allowed without one. */
  readonly policy?: PolicySubjects | undefined
  /** The base of the subjects of secrets backends, such as `wasmcloud.secrets`; none is asked without it. */
  readonly secretsTopic?: string | undefined
  /** Directories that components may be given, by the names that manifests know; none when left out. */
  readonly hostVolumes?: HostVolumes | undefined
  /** The most that manifests may grant of the network; `any` when left out. */
  readonly networkLid?: NetworkLid | undefined
  /** Limits of components for the whole host; Weft's own when left out. */
  readonly guestLimits?: HostLimits | undefined
  /** True asks the lattice's config service for registry logins. */
  readonly configService?: boolean | undefined
  /** Where what was pulled from registries is kept. */
  readonly artifactDir: string
  /** The module that data threads run. */
  readonly dataThread: URL
  /** What a provider process is told of where its telemetry goes. */
  readonly providerTelemetry: ProcessSurroundings['telemetryOf']
  /** Told who a component or provider is, before anything is measured or logged of it. */
  readonly identify: (maker: Origin & { readonly id: string }) => void
  /** The program that runs a provider written as a module in a process of its own. */
  readonly providerRunner: URL
  readonly log: Log
  readonly measure: Measure
  readonly traceWork: TraceWork
  readonly onLog: (record: LogRecord) => void
  /** What the data threads measured. */
  readonly onTelemetry: (batch: unknown) => void
  readonly controlPrefix?: string
  /** Called when a control request asks this host to stop, or when it cannot go on (`failure` says why). */
  readonly onStopRequest: (graceMs: number, failure?: string) => void
  /** Where Docker keeps its logins is read from it, and what the operator allows of telemetry. */
  readonly env: NodeJS.ProcessEnv
}

export interface Host {
  readonly id: string
  readonly friendlyName: string
  inventory(): HostInventory
  /** Drains and ends within `graceMs` and a little; safe to call again. */
  stop(graceMs: number): Promise<void>
}
