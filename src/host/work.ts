import type { Artifacts } from '../artifact/artifacts.ts'
import type { Claims } from '../claims/claims.ts'
import { WeftError } from '../errors.ts'
import type { CompileQueue } from '../guest/compile-queue.ts'
import type { Buckets } from '../lattice/buckets.ts'
import type { ControlReply, ScaleRequest, StartProviderRequest, UpdateRequest } from '../lattice/control.ts'
import { legacyProviderNames } from '../lattice/event-data.ts'
import type { PublishEvent } from '../lattice/events.ts'
import type { Policy } from '../lattice/policy.ts'
import type { Log } from '../log.ts'
import type { Measure } from '../measure.ts'
import type { TraceHeaders, TraceWork } from '../trace-work.ts'
import { builtinName } from './builtin-providers.ts'
import { claimsEntry, componentEventClaims } from './claims-data.ts'
import type { HostSecrets } from './host-secrets.ts'
import type { HostTokens } from './host-tokens.ts'
import { inOrder } from './in-order.ts'
import type { LatticeData } from './lattice-data.ts'
import { openComponent } from './open-component.ts'
import type { Threads } from './threads.ts'
import { applicationOf, type HostedComponent, type HostedProvider, type Workload } from './workload.ts'

export interface WorkParts {
  readonly hostId: string
  readonly workload: Workload
  readonly data: LatticeData
  readonly buckets: Buckets
  readonly threads: Threads
  readonly compiler: CompileQueue
  readonly artifacts: Artifacts
  /** True runs signed components only. */
  readonly requireSigned: boolean
  readonly policy: Policy
  readonly secrets: HostSecrets
  readonly tokens: HostTokens
  readonly publishEvent: PublishEvent
  readonly log: Log
  readonly measure: Measure
  readonly traceWork: TraceWork
}

/**
 * What control requests do on this host. Each answers at once; the deed follows, one at a time for each id, and ends in
 * an event.
 */
export class Work {
  readonly #parts: WorkParts
  readonly #queue = inOrder()

  constructor(parts: WorkParts) {
    this.#parts = parts
  }

  scale(request: ScaleRequest, trace?: TraceHeaders): ControlReply {
    const running = this.#parts.workload.components.get(request.component_id)
    this.#enqueue(request.component_id, () => this.#scale(request, trace))
    if (!running || running.ref === request.component_ref || request.count === 0) return accepted('')
    const change = `${running.ref} != ${request.component_ref}`
    return accepted(
      request.allow_update
        ? `Requested to scale existing component, with a changed image reference: ${change}. The component will be scaled, and the image reference will be updated afterwards.`
        : `Requested to scale existing component to a different image reference: ${change}. The component will be scaled but the image reference will not be updated. If you meant to update this component to a new image ref, use the update command.`,
    )
  }

  update(request: UpdateRequest, trace?: TraceHeaders): ControlReply {
    const running = this.#parts.workload.components.get(request.component_id)
    if (!running) return refused(`component ${request.component_id} not found`)
    const ref = request.new_component_ref
    if (running.ref === ref) return accepted(`component ${request.component_id} already updated to ${ref}`)
    this.#enqueue(request.component_id, () =>
      this.#scale(
        {
          ...scaleOf(running, this.#parts.hostId),
          ...request,
          component_ref: ref,
          annotations: request.annotations ?? running.annotations,
          allow_update: true,
        },
        trace,
      ),
    )
    return accepted(`component ${request.component_id} updating from ${running.ref} to ${ref}`)
  }

  startProvider(request: StartProviderRequest, trace?: TraceHeaders): ControlReply {
    if (this.#parts.workload.providers.has(request.provider_id))
      return refused('provider with that ID is already running')
    const attributes = { 'weft.component.id': request.provider_id }
    this.#enqueue(request.provider_id, () =>
      this.#parts.traceWork({ name: 'provider start', kind: 'server', parent: trace, attributes }, () =>
        this.#startProvider(request),
      ),
    )
    return accepted('successfully started provider')
  }

  async stopProvider(id: string): Promise<ControlReply> {
    if (!this.#parts.workload.providers.has(id)) return refused('provider with that ID is not running')
    await this.#queue.add(id, async () => {
      const provider = this.#parts.workload.providers.get(id)
      if (!provider) return
      this.#parts.workload.providers.delete(id)
      await this.applyPlan()
      this.#parts.publishEvent('provider_stopped', {
        host_id: this.#parts.hostId,
        provider_id: id,
        annotations: provider.annotations,
        reason: 'stop',
        ...legacyProviderNames(id),
      })
    })
    return accepted('successfully stopped provider')
  }

  /** Tells the data threads what to run now; a failure for `id` is thrown. */
  async applyPlan(id?: string): Promise<void> {
    const { threads, workload, data, secrets, log } = this.#parts
    const prepared = [...workload.providers.values()].map((one) =>
      secrets.prepareLinks(data.linkSecrets(one.id), { ...one, ...applicationOf(one.annotations) }),
    )
    await Promise.all(prepared)
    for (const failure of await threads.apply(workload.plan(data, secrets))) {
      if (failure.id === id) throw new WeftError('internal', failure.message)
      log.error(`${failure.id} could not be brought up to date: ${failure.message}`)
    }
  }

  /** Nobody waits for the deed: what it could not even report (an event that NATS does not take) is logged. */
  #enqueue(id: string, deed: () => Promise<void>): void {
    this.#queue.add(id, deed).catch((error: unknown) => {
      this.#parts.log.error(`${id}: ${WeftError.from(error).message}`)
    })
  }

  async #scale(request: ScaleRequest, trace: TraceHeaders | undefined): Promise<void> {
    const { workload, publishEvent, hostId } = this.#parts
    const running = workload.components.get(request.component_id)
    try {
      if (request.count === 0) await this.#stopComponent(request, running)
      else {
        const attributes = { 'weft.component.id': request.component_id, 'weft.image': request.component_ref }
        await this.#parts.traceWork(
          { name: 'component scale', kind: 'server', parent: trace, attributes },
          (own) => this.#runComponent(request, running, own),
        )
      }
    } catch (error) {
      if (running) workload.components.set(running.id, running)
      else workload.components.delete(request.component_id)
      await this.applyPlan().catch(() => {})
      const message = WeftError.from(error).message
      this.#parts.log.error(`component ${request.component_id} cannot run: ${message}`)
      publishEvent('component_scale_failed', {
        annotations: request.annotations,
        component_id: request.component_id,
        host_id: hostId,
        image_ref: request.component_ref,
        max_instances: request.count,
        error: message,
        ...(running?.claims && { public_key: running.claims.subject }),
      })
    }
  }

  async #stopComponent(request: ScaleRequest, running: HostedComponent | undefined): Promise<void> {
    this.#parts.workload.components.delete(request.component_id)
    if (running) await this.applyPlan()
    this.#published(
      request.component_id,
      0,
      running ?? { ref: request.component_ref, annotations: request.annotations, claims: undefined },
    )
  }

  async #runComponent(
    request: ScaleRequest,
    running: HostedComponent | undefined,
    trace: TraceHeaders | undefined,
  ): Promise<void> {
    const { workload, data, buckets, policy } = this.#parts
    await data.requireConfigs(request.config)
    // A scale keeps the code it finds, unless it says that it may change it.
    const keepsCode = running && (running.ref === request.component_ref || !request.allow_update)
    const ref = keepsCode ? running.ref : request.component_ref
    const permit = (claims: Claims | undefined) =>
      policy.startComponent({
        id: request.component_id,
        ref,
        maxInstances: request.count,
        annotations: request.annotations,
        claims,
      })
    if (keepsCode) await permit(running.claims)
    const opened = keepsCode
      ? running
      : await openComponent({ id: request.component_id, ref }, { ...this.#parts, permit, trace })
    const secrets = await this.#parts.secrets.fetch(request.config, {
      id: request.component_id,
      jwt: opened.claims?.jwt,
      ...applicationOf(request.annotations),
    })
    if (opened.claims)
      await buckets.writeClaims(opened.claims.subject, claimsEntry('component', opened.claims))
    if (ref !== running?.ref) await buckets.writeSpec(request.component_id, ref)
    const component = workload.putComponent({ ...request, component_ref: ref }, { ...opened, secrets })
    await this.#parts.traceWork({ name: 'start instances', kind: 'internal', parent: trace }, () =>
      this.applyPlan(component.id),
    )
    this.#published(component.id, component.maxInstances, component)
  }

  #published(id: string, count: number, of: Pick<HostedComponent, 'ref' | 'annotations' | 'claims'>): void {
    this.#parts.publishEvent('component_scaled', {
      annotations: of.annotations,
      host_id: this.#parts.hostId,
      image_ref: of.ref,
      max_instances: count,
      component_id: id,
      ...componentEventClaims(of.claims),
    })
  }

  async #startProvider(request: StartProviderRequest): Promise<void> {
    const { workload, data, buckets, publishEvent, threads, hostId, log, policy } = this.#parts
    try {
      const name = builtinName(request.provider_ref)
      const { provider_id: id, provider_ref: ref, annotations } = request
      await policy.startProvider({ id, ref, annotations, claims: undefined })
      await data.requireConfigs(request.config)
      await buckets.writeSpec(request.provider_id, request.provider_ref)
      const jwt = this.#parts.tokens.builtin(name)
      const secrets = await this.#parts.secrets.fetch(request.config, {
        id,
        jwt,
        ...applicationOf(annotations),
      })
      const provider: HostedProvider = workload.putProvider(request, { name, jwt, secrets })
      await this.applyPlan(provider.id)
      publishEvent('provider_started', {
        host_id: hostId,
        image_ref: name,
        provider_id: provider.id,
        annotations: provider.annotations,
      })
      // Its links may have failed before anybody knew of it.
      const problem = threads.problemOf(provider.id)
      if (problem !== undefined) {
        publishEvent('health_check_failed', { host_id: hostId, provider_id: provider.id, message: problem })
      }
    } catch (error) {
      workload.providers.delete(request.provider_id)
      await this.applyPlan().catch(() => {})
      log.error(`provider ${request.provider_id} cannot run: ${WeftError.from(error).message}`)
      publishEvent('provider_start_failed', {
        provider_ref: request.provider_ref,
        provider_id: request.provider_id,
        host_id: hostId,
        error: WeftError.from(error).message,
        link_name: 'default',
      })
    }
  }
}

function accepted(message: string): ControlReply {
  return { success: true, message }
}

function refused(message: string): ControlReply {
  return { success: false, message }
}

function scaleOf(component: HostedComponent, hostId: string): ScaleRequest {
  return {
    component_id: component.id,
    component_ref: component.ref,
    annotations: component.annotations,
    count: component.maxInstances,
    host_id: hostId,
    config: component.configNames,
    allow_update: false,
    ...(component.limits && { component_limits: component.limits }),
  }
}
