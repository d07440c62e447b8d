import { WeftError } from '../errors.ts'
import type { Buckets } from '../lattice/buckets.ts'
import type { ControlReply, StartProviderRequest } from '../lattice/control.ts'
import { legacyProviderNames } from '../lattice/event-data.ts'
import type { PublishEvent } from '../lattice/events.ts'
import type { Log } from '../log.ts'
import type { TraceHeaders, TraceWork } from '../trace-work.ts'
import type { ApplyWorkload } from './apply-workload.ts'
import { claimsEntry, providerEventClaims } from './claims-data.ts'
import type { HostOptions } from './host-options.ts'
import type { HostSecrets } from './host-secrets.ts'
import { inOrder } from './in-order.ts'
import type { LatticeData } from './lattice-data.ts'
import { type OpenProviderCode, openProviderCode } from './open-provider-code.ts'
import type { ProviderHealth } from './provider-health.ts'
import type { ProviderProcesses } from './provider-processes.ts'
import type { Threads } from './threads.ts'
import { applicationOf, type HostedProvider, type Workload } from './workload.ts'

export interface ProviderWorkParts extends OpenProviderCode {
  readonly identify: HostOptions['identify']
  readonly hostId: string
  readonly workload: Workload
  readonly apply: ApplyWorkload
  readonly data: LatticeData
  readonly buckets: Buckets
  readonly threads: Threads
  readonly processes: ProviderProcesses
  readonly health: ProviderHealth
  readonly secrets: HostSecrets
  readonly publishEvent: PublishEvent
  readonly log: Log
  readonly traceWork: TraceWork
}

/** How long a provider process that is asked to end may take to finish what it has. */
const stopMs = 3_000

/** What control requests do with providers on this host. Each answers at once; the deed follows and ends in an event. */
export class ProviderWork {
  readonly #parts: ProviderWorkParts
  readonly #queue = inOrder()

  constructor(parts: ProviderWorkParts) {
    this.#parts = parts
  }

  start(request: StartProviderRequest, trace?: TraceHeaders): ControlReply {
    const id = request.provider_id
    if (this.#parts.workload.providers.has(id))
      return { success: false, message: 'provider with that ID is already running' }
    const span = { name: 'provider start', kind: 'server', parent: trace } as const
    const started = this.#queue.add(id, () =>
      this.#parts.traceWork({ ...span, attributes: { 'weft.component.id': id } }, () => this.#start(request)),
    )
    this.#logFailure(id, started)
    return { success: true, message: 'successfully started provider' }
  }

  async stop(id: string): Promise<ControlReply> {
    if (!this.#parts.workload.providers.has(id))
      return { success: false, message: 'provider with that ID is not running' }
    await this.#queue.add(id, () => this.#stop(id, 'stop'))
    return { success: true, message: 'successfully stopped provider' }
  }

  /** A process has ended too often: the provider is not here any more, and whoever wants it may start it anew. */
  giveUp(id: string, why: string): void {
    this.#parts.log.error(`provider ${id} is given up: ${why}`, { provider: id })
    this.#logFailure(
      id,
      this.#queue.add(id, () => this.#stop(id, why)),
    )
  }

  async #stop(id: string, reason: string): Promise<void> {
    const { workload, processes, health, publishEvent, hostId } = this.#parts
    const provider = workload.providers.get(id)
    if (!provider) return
    workload.providers.delete(id)
    await processes.stop(id, stopMs)
    await this.#parts.apply()
    health.forget(id)
    publishEvent('provider_stopped', {
      host_id: hostId,
      provider_id: id,
      annotations: provider.annotations,
      reason,
      ...legacyProviderNames(id),
    })
  }

  async #start(request: StartProviderRequest): Promise<void> {
    const { workload, publishEvent, health, hostId, log } = this.#parts
    const id = request.provider_id
    if (workload.providers.has(id)) return
    try {
      const provider = await this.#open(request)
      const problem = await this.#run(provider)
      workload.confirm(provider)
      publishEvent('provider_started', {
        host_id: hostId,
        image_ref: provider.image,
        provider_id: id,
        annotations: provider.annotations,
        ...(provider.claims && { ...legacyProviderNames(id), ...providerEventClaims(provider.claims) }),
      })
      // Its links may have failed before anybody knew of it.
      health.forget(id)
      health.report(id, problem)
    } catch (error) {
      workload.providers.delete(id)
      await this.#parts.apply().catch(() => {})
      const message = WeftError.from(error).message
      log.error(`provider ${id} cannot run: ${message}`, { provider: id })
      publishEvent('provider_start_failed', {
        provider_ref: request.provider_ref,
        provider_id: id,
        host_id: hostId,
        error: message,
        link_name: 'default',
      })
    }
  }

  async #open(request: StartProviderRequest): Promise<HostedProvider> {
    const { workload, data, buckets } = this.#parts
    const { provider_id: id, provider_ref: ref, annotations, config } = request
    const { telemetry } = workload.settingsOf({ annotations })
    this.#parts.identify({ id, ...applicationOf(annotations), ...(telemetry && { telemetry }) })
    await data.requireConfigs(config)
    const code = await openProviderCode({ id, ref, annotations }, this.#parts)
    const secrets = await this.#parts.secrets.fetch(config, {
      id,
      jwt: code.jwt,
      ...applicationOf(annotations),
    })
    if (code.claims) await buckets.writeClaims(code.claims.subject, claimsEntry('provider', code.claims))
    await buckets.writeSpec(id, ref)
    return workload.putProvider(request, { ...code, secrets })
  }

  /** What is wrong with it once it runs; undefined when all is well. */
  async #run(provider: HostedProvider): Promise<string | undefined> {
    const { apply, workload, processes, data, secrets, threads } = this.#parts
    const { id } = provider
    if (provider.program === undefined) {
      await apply(id)
      return threads.problemOf(id)
    }
    const owner = { ...provider, ...applicationOf(provider.annotations) }
    await secrets.prepareLinks(data.linkSecrets(id), owner)
    const plan = workload.processes(data, secrets).find((one) => one.id === id)
    if (plan) await processes.start(plan, () => secrets.fetch(provider.configNames, owner))
    // Links may have come while it started.
    await apply(id)
    return processes.problemOf(id)
  }

  #logFailure(id: string, deed: Promise<void>): void {
    deed.catch((error: unknown) => this.#parts.log.error(`${id}: ${WeftError.from(error).message}`))
  }
}
