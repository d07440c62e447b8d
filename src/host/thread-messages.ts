import type { ComponentSettings, NetworkLid, TelemetrySettings } from '../component-settings.ts'
import type { LimitName } from '../errors.ts'
import type { HostVolumes } from '../guest/volume/volumes.ts'
import type { PolicyCall } from '../lattice/policy.ts'
import type { Spy } from '../lattice/spy.ts'
import type { WakeAnswer } from '../lattice/wake.ts'
import type { LogRecord } from '../log.ts'
import type { NatsLogin } from '../nats-login.ts'
import type { ProviderLink } from '../provider.ts'
import type { Secrets } from '../secret.ts'
import type { InvocationDecision } from './check-invocations.ts'
import type { SpiedBatch } from './spies.ts'

/** A component as a data thread runs it. */
export interface PlannedComponent {
  readonly id: string
  readonly ref: string
  /** The application it belongs to, for telemetry. */
  readonly application?: string
  /** The folder of the compiled component. */
  readonly path: string
  readonly maxInstances: number
  readonly permits: SharedArrayBuffer
  readonly settings: ComponentSettings
  readonly config: Readonly<Record<string, string>>
  readonly secrets: Secrets
  readonly links: readonly ImportLink[]
}

/** Where a component's import leads: link name and `ns:pkg/iface` to the id of a component or provider. */
export interface ImportLink {
  readonly name: string
  readonly interface: string
  /** Undefined when the link was deleted a moment ago and may come back with another target. */
  readonly target: string | undefined
}

/** A provider that runs inside the host, on its data threads. */
export interface PlannedProvider {
  readonly id: string
  /** The name behind `wasmcloud+builtin://`. */
  readonly name: string
  readonly application?: string
  readonly telemetry?: TelemetrySettings
  readonly config: Readonly<Record<string, string>>
  readonly secrets: Secrets
  readonly links: readonly ProviderLink[]
}

/** Everything a data thread should be running. Each plan is whole; a thread makes itself like the latest one. */
export interface ThreadPlan {
  readonly components: readonly PlannedComponent[]
  readonly providers: readonly PlannedProvider[]
}

/**
 * `leader` does what must happen once per host. A `confined` thread runs nothing but a component that does harm again and
 * again.
 */
export type ThreadRole = 'leader' | 'peer' | 'confined'

/** What a data thread is started with. */
export interface ThreadInit {
  readonly hostId: string
  readonly hostName: string
  readonly lattice: string
  readonly natsUrl: string
  readonly natsLogin?: NatsLogin | undefined
  /** True asks the policy service before components are called. */
  readonly checksInvocations: boolean
  /** Directories that guests may be given. */
  readonly hostVolumes: HostVolumes
  /** How much of the network guests may be given. */
  readonly networkLid: NetworkLid
  /** Shared with the control thread, whose watchdog lets the guests of the thread take turns. */
  readonly pace: WebAssembly.Memory
  readonly role: ThreadRole
  /** Its place among the threads that live: its name, and its slot in what threads share. */
  readonly index: number
  /** What others know it by whose calls it takes: unlike the index never given twice. */
  readonly serial: number
  /** True for the successor of a thread that was lost: what happens once per host has happened. */
  readonly isReplacement: boolean
}

/** Means over the other hosts that run a component. */
export interface PeerLoad {
  readonly inFlight: number
  /** The share of the last second that a host's busiest data thread was at work: 0 to 1. */
  readonly busy: number
}

export type ToThread =
  | { readonly kind: 'plan'; readonly revision: number; readonly plan: ThreadPlan }
  /** How busy the other hosts that run each component are. */
  | { readonly kind: 'peers'; readonly load: ReadonlyMap<string, PeerLoad> }
  /** A Weft host is gone, or one thread of it (`host.serial`), or a provider's process: what it had accepted fails. */
  | { readonly kind: 'lost'; readonly host: string }
  /** A permit of this component came free on another thread. */
  | { readonly kind: 'poke'; readonly component: string }
  /** What the controller says of a component or provider that nobody serves. */
  | { readonly kind: 'woken'; readonly target: string; readonly answer: WakeAnswer }
  /** What the policy service says of an operation that a thread asked about, or says now. */
  | { readonly kind: 'policy'; readonly decision: InvocationDecision }
  /** Somebody wants to see the calls of a component or provider. */
  | { readonly kind: 'spy'; readonly spy: Spy }
  /** Finish what runs within `graceMs`, then end. */
  | { readonly kind: 'stop'; readonly graceMs: number }

/** A component or provider that could not be brought to what the plan says. */
export interface PlanFailure {
  readonly id: string
  readonly message: string
}

/** What came of a plan on one thread. */
export interface PlanOutcome {
  readonly failures: readonly PlanFailure[]
  /** Links that a provider could not take; each plan tries them again. */
  readonly refusedLinks: readonly ProviderLink[]
}

export type FromThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  | { readonly kind: 'applied'; readonly revision: number; readonly outcome: PlanOutcome }
  | { readonly kind: 'poke'; readonly component: string }
  /** The share of the last second that this thread was at work: 0 to 1. */
  | { readonly kind: 'busy'; readonly share: number }
  | { readonly kind: 'log'; readonly record: LogRecord }
  /** A component hit one of its limits. */
  | { readonly kind: 'limit'; readonly component: string; readonly limit: LimitName }
  /** How often invocations of a component ended badly within the last second. */
  | { readonly kind: 'offences'; readonly counts: Readonly<Record<string, number>> }
  /** A provider became unhealthy (`problem`), or healthy again (none). */
  | { readonly kind: 'health'; readonly provider: string; readonly problem?: string }
  /** Whatever the telemetry of data threads has for the telemetry of the control thread; opaque here. */
  | { readonly kind: 'telemetry'; readonly batch: unknown }
  /** Nobody serves this component or provider: the controller may know why. The answer goes to every thread. */
  | { readonly kind: 'ask-wake'; readonly target: string }
  /** May this operation be called? The answer goes to every thread. */
  | { readonly kind: 'ask-policy'; readonly call: PolicyCall }
  /** Calls that somebody wanted to see. */
  | { readonly kind: 'spied'; readonly batch: SpiedBatch }
  | { readonly kind: 'stopped' }
