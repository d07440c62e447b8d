import type { Call, Invoke } from './call/call.ts'
import type { Log } from './log.ts'
import type { NatsLogin } from './nats-login.ts'
import type { Secrets } from './secret.ts'
import type { WitInterface } from './wit/type.ts'

/** A link that a provider is one end of, with its configuration resolved to values. */
export interface ProviderLink {
  readonly source: string
  readonly target: string
  readonly name: string
  readonly namespace: string
  readonly package: string
  readonly interfaces: readonly string[]
  readonly sourceConfig: Readonly<Record<string, string>>
  readonly targetConfig: Readonly<Record<string, string>>
  /** Secrets of the provider's own end, by name; absent when there are none. */
  readonly sourceSecrets?: Secrets
  readonly targetSecrets?: Secrets
}

/** What a provider is given. It never sees the host. */
export interface ProviderContext {
  /** The provider's id in the lattice. */
  readonly id: string
  /** The application that it was deployed with, where the host knows. */
  readonly application?: string | undefined
  readonly hostId: string
  readonly lattice: string
  /** Where this host's NATS is, for providers whose backend is NATS itself. */
  readonly natsUrl: string
  /** How to log in there. */
  readonly natsLogin?: NatsLogin | undefined
  /** True on one thread of the host: it does what must happen once, before the other threads are told to start. */
  readonly isLeader: boolean
  /**
   * True while a thread in the place of one that was lost takes on what the other threads have gone on with, ports too;
   * what comes after that is new to all of them.
   */
  readonly isTakingOver?: boolean
  /** Which providers of this host listen where, `host:port` to who for people: who finds an address taken can say by whom. */
  readonly listeners?: Map<string, string>
  readonly config: Readonly<Record<string, string>>
  /** Secrets by name, when there are any; they belong into no log, error, span or bucket. */
  readonly secrets?: Secrets
  readonly log: Log
  /**
   * Calls a component or another provider; `source` must be this provider's id. Each call has a course and a context of its
   * own (`childOf` makes them): its span is put into its context.
   */
  readonly invoke: Invoke
  /**
   * Brings work that came from outside (an HTTP request, a broker message) into the host: runs `call`, whose target is
   * this provider, through the same interceptors as every call and then hands it to `next`.
   */
  readonly enter: (call: Call, next: Invoke) => Promise<unknown>
}

/** A running provider. Methods may be called concurrently; links arrive one at a time. */
export interface Provider {
  /** Answers a call to one of the definition's `exports`. */
  readonly serve?: Invoke
  /** A link was put that names this provider. A rejection marks the provider unhealthy with that message. */
  putLink(link: ProviderLink): Promise<void>
  deleteLink(link: ProviderLink): Promise<void>
  /**
   * A link has another target or other config now, in one step, so that nothing need be lost between. Without this
   * method `before` is deleted and `after` put.
   */
  moveLink?(before: ProviderLink, after: ProviderLink): Promise<void>
  /** The provider's own config has changed, as a whole. Without this method it counts from the next start. */
  putConfig?(config: Readonly<Record<string, string>>): Promise<void>
  /** Undefined when all is well, else what is wrong, for people. */
  health?(): Promise<string | undefined>
  /** Frees everything within a second or two; called once. */
  stop(): Promise<void>
}

/** A provider, as a file in `providers/` exports it. */
export interface ProviderDefinition {
  /** The name in `wasmcloud+builtin://{name}`. */
  readonly name: string
  /** One on every data thread, or one for the whole host. */
  readonly runs: 'per-thread' | 'once'
  /** The interfaces it answers over wRPC. */
  readonly exports: readonly WitInterface[]
  start(context: ProviderContext): Promise<Provider>
}

/** Types a provider definition; a file in `providers/` has `export default defineProvider({...})`. */
export function defineProvider(definition: ProviderDefinition): ProviderDefinition {
  return definition
}
