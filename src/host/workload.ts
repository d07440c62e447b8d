import type { Claims } from '../claims/claims.ts'
import type { ComponentSettings, TelemetrySettings } from '../component-settings.ts'
import type { ReadyComponent } from '../guest/compile-queue.ts'
import { type HostLimits, withinHost } from '../guest/limits.ts'
import { countCalls, sharedPermits } from '../guest/permits.ts'
import type { Load } from '../lattice/beat.ts'
import type { ScaleRequest, StartProviderRequest } from '../lattice/control.ts'
import type { ComponentDescription, ProviderDescription } from '../lattice/inventory.ts'
import { settingsFrom } from '../lattice/settings-shape.ts'
import type { Secrets } from '../secret.ts'
import { checkTelemetry } from './check-telemetry.ts'
import type { HostOptions } from './host-options.ts'
import type { HostSecrets } from './host-secrets.ts'
import type { LatticeData } from './lattice-data.ts'
import type { OpenedComponent } from './open-component.ts'
import type { PlannedProcess } from './process/provider-instance.ts'
import type { ThreadPlan } from './thread-messages.ts'

/** A component that runs on this host. */
export interface HostedComponent {
  readonly id: string
  readonly ref: string
  readonly compiled: ReadyComponent
  /** Undefined when it is unsigned. */
  readonly claims: Claims | undefined
  readonly secrets: Secrets
  readonly maxInstances: number
  readonly annotations: Readonly<Record<string, string>>
  readonly configNames: readonly string[]
  readonly limits: ScaleRequest['component_limits']
  readonly settings: ComponentSettings
  readonly permits: SharedArrayBuffer
}

/** A provider that runs on this host. */
export interface HostedProvider {
  readonly id: string
  readonly ref: string
  /** The name behind `wasmcloud+builtin://`, else the reference without its scheme. */
  readonly name: string
  /**
   * What inventories and events call it: a builtin one's whole reference, for wash and wadm wait for that of which they
   * asked; else the reference without its scheme.
   */
  readonly image: string
  /** Its executable or script, where it runs as a process of its own; else it is a builtin one. */
  readonly program: string | undefined
  /** Undefined when it is unsigned, and for a builtin one. */
  readonly claims: Claims | undefined
  /** The signed claims that secrets are asked for with. */
  readonly jwt: string | undefined
  readonly secrets: Secrets
  readonly annotations: Readonly<Record<string, string>>
  readonly configNames: readonly string[]
  /** How it appears in telemetry, where its manifest says so. */
  readonly telemetry?: TelemetrySettings
}

/** wasmCloud's annotation for the application that something was deployed with. */
const applicationAnnotation = 'wasmcloud.dev/appspec'

/** What this host runs, and what its data threads are to be told about it. */
export class Workload {
  readonly components = new Map<string, HostedComponent>()
  readonly providers = new Map<string, HostedProvider>()
  /** As the inventory tells them: what does not run yet on all threads is not there, or as it was before. */
  readonly #confirmed = new Map<string, HostedComponent | HostedProvider>()

  readonly #env: HostOptions['env']
  readonly #limits: HostLimits | undefined

  /** `env` and `limits` say what the host's operator allows. */
  constructor(env: HostOptions['env'], limits?: HostLimits) {
    this.#env = env
    this.#limits = limits
  }

  /** Throws `invalid` when the annotation with its settings is not what it should be, `denied` for what it may not want. */
  settingsOf(request: Parameters<typeof settingsFrom>[0]): ComponentSettings {
    const settings = settingsFrom(request)
    checkTelemetry(settings.telemetry, this.#env)
    return settings
  }

  /** Throws as `settingsOf` does. */
  putComponent(
    request: ScaleRequest,
    { compiled, claims, secrets }: OpenedComponent & { readonly secrets: Secrets },
  ): HostedComponent {
    const asked = this.settingsOf(request)
    const settings = this.#limits ? { ...asked, limits: withinHost(asked.limits, this.#limits) } : asked
    const component: HostedComponent = {
      id: request.component_id,
      ref: request.component_ref,
      compiled,
      claims,
      secrets,
      maxInstances: request.count,
      annotations: request.annotations,
      configNames: request.config,
      limits: request.component_limits,
      settings,
      permits: this.components.get(request.component_id)?.permits ?? sharedPermits(),
    }
    if (!this.components.has(component.id)) this.#confirmed.delete(component.id)
    this.components.set(component.id, component)
    return component
  }

  putProvider(
    request: StartProviderRequest,
    opened: Pick<HostedProvider, 'name' | 'image' | 'program' | 'claims' | 'jwt' | 'secrets'>,
  ): HostedProvider {
    const { telemetry } = this.settingsOf({ annotations: request.annotations })
    const provider: HostedProvider = {
      id: request.provider_id,
      ref: request.provider_ref,
      ...opened,
      annotations: request.annotations,
      configNames: request.config,
      ...(telemetry && { telemetry }),
    }
    this.#confirmed.delete(provider.id)
    this.providers.set(provider.id, provider)
    return provider
  }

  /** All that runs it have what was put last: from now on the inventory tells it. */
  confirm(one: HostedComponent | HostedProvider): void {
    this.#confirmed.set(one.id, one)
  }

  /** The next plan for the data threads, with links and config as they are now. */
  plan(data: LatticeData, secrets: HostSecrets): ThreadPlan {
    return {
      components: [...this.components.values()].map((one) => ({
        id: one.id,
        ref: one.ref,
        ...applicationOf(one.annotations),
        path: one.compiled.path,
        maxInstances: one.maxInstances,
        permits: one.permits,
        settings: one.settings,
        config: data.config(one.configNames),
        secrets: one.secrets,
        links: data.importLinks(one.id),
      })),
      providers: [...this.providers.values()].filter(isBuiltin).map((one) => ({
        id: one.id,
        name: one.name,
        ...applicationOf(one.annotations),
        ...(one.telemetry && { telemetry: one.telemetry }),
        config: data.config(one.configNames),
        secrets: one.secrets,
        links: data.providerLinks(one.id, (names) => secrets.ofLinks(one.id, names)),
      })),
    }
  }

  /** What the provider processes should know now. */
  processes(data: LatticeData, secrets: HostSecrets): readonly PlannedProcess[] {
    return [...this.providers.values()].flatMap((one) => {
      if (one.program === undefined) return []
      return {
        id: one.id,
        path: one.program,
        ref: one.ref,
        ...applicationOf(one.annotations),
        ...(one.telemetry && { telemetry: one.telemetry }),
        config: data.config(one.configNames),
        secrets: one.secrets,
        links: data.processLinks(one.id, (names) => secrets.ofLinks(one.id, names)),
      }
    })
  }

  /** Calls and the most there may be at once, for the beat. */
  load(): Record<string, Load> {
    return Object.fromEntries(
      [...this.components.values()].map((one) => [
        one.id,
        { ...countCalls(one.permits), max: one.maxInstances },
      ]),
    )
  }

  describeComponents(): ComponentDescription[] {
    return [...this.components.keys()].flatMap((id) => {
      const one = this.#confirmed.get(id)
      return one && 'compiled' in one ? describeComponent(one) : []
    })
  }

  /** `problemOf` tells what is wrong with a provider. */
  describeProviders(problemOf: (id: string) => string | undefined): ProviderDescription[] {
    return [...this.providers.keys()].flatMap((id) => {
      const one = this.#confirmed.get(id)
      return one && !('compiled' in one) ? describeProvider(one, problemOf(id)) : []
    })
  }
}

function describeComponent(one: HostedComponent): ComponentDescription {
  return {
    id: one.id,
    image_ref: one.ref,
    ...(one.claims?.name !== undefined && { name: one.claims.name }),
    annotations: one.annotations,
    revision: one.claims?.revision ?? 0,
    max_instances: one.maxInstances,
    config: one.configNames,
    limits: one.limits ?? null,
  }
}

function describeProvider(one: HostedProvider, problem: string | undefined): ProviderDescription {
  return {
    id: one.id,
    image_ref: one.image,
    ...(one.claims?.name !== undefined && { name: one.claims.name }),
    annotations: one.annotations,
    revision: one.claims?.revision ?? 0,
    ...(problem !== undefined && { problem }),
  }
}

function isBuiltin(provider: HostedProvider): boolean {
  return provider.program === undefined
}

/** The application that something was deployed with, by wasmCloud's annotation. */
export function applicationOf(annotations: Readonly<Record<string, string>>): { application?: string } {
  const application = annotations[applicationAnnotation]
  return application === undefined ? {} : { application }
}
