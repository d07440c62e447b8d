import type { Artifacts } from '../artifact/artifacts.ts'
import type { Claims } from '../claims/claims.ts'
import type { ComponentSettings } from '../component-settings.ts'
import { type LimitName, WeftError } from '../errors.ts'
import type { CompileQueue } from '../guest/compile-queue.ts'
import type { Buckets } from '../lattice/buckets.ts'
import type { ControlReply, ScaleRequest, UpdateRequest } from '../lattice/control.ts'
import type { PublishEvent } from '../lattice/events.ts'
import type { Policy } from '../lattice/policy.ts'
import type { Log } from '../log.ts'
import type { Measure } from '../measure.ts'
import type { TraceHeaders, TraceWork } from '../trace-work.ts'
import type { ApplyWorkload } from './apply-workload.ts'
import { claimsEntry, componentEventClaims } from './claims-data.ts'
import type { HostOptions } from './host-options.ts'
import type { HostSecrets } from './host-secrets.ts'
import { inOrder } from './in-order.ts'
import type { LatticeData } from './lattice-data.ts'
import { openComponent } from './open-component.ts'
import { applicationOf, type HostedComponent, type Workload } from './workload.ts'

export interface WorkParts {
  readonly hostId: string
  readonly workload: Workload
  readonly apply: ApplyWorkload
  readonly data: LatticeData
  readonly buckets: Buckets
  readonly compiler: CompileQueue
  readonly artifacts: Artifacts
  /** True runs signed components only. */
  readonly requireSigned: boolean
  readonly policy: Policy
  readonly secrets: HostSecrets
  readonly publishEvent: PublishEvent
  readonly log: Log
  readonly measure: Measure
  readonly traceWork: TraceWork
  readonly identify: HostOptions['identify']
}

/**
 * What control requests do with components on this host. Each answers at once; the deed follows, one at a time for each id, and ends in
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

  /** Stops a component that can't live here, and tells why. */
  giveUp(id: string, reason: string): void {
    this.#enqueue(id, async () => {
      const running = this.#parts.workload.components.get(id)
      if (!running) return
      const request = scaleOf(running, this.#parts.hostId)
      await this.#stopComponent(request, running)
      this.#failed(request, running, reason)
    })
  }

  /** Nobody waits for the deed: what it could not even report (an event that NATS does not take) is logged. */
  #enqueue(id: string, deed: () => Promise<void>): void {
    this.#queue.add(id, deed).catch((error: unknown) => {
      this.#parts.log.error(`${id}: ${WeftError.from(error).message}`)
    })
  }

  async #scale(request: ScaleRequest, trace: TraceHeaders | undefined): Promise<void> {
    const { workload } = this.#parts
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
      if (running) {
        workload.components.set(running.id, running)
        this.#identify(running, running.settings)
      } else workload.components.delete(request.component_id)
      await this.#parts.apply().catch(() => {})
      const { message, limit } = WeftError.from(error)
      this.#failed(request, running, message)
      if (limit) this.#limitHit(request.component_id, limit)
    }
  }

  #identify(
    { id, ref, annotations }: Pick<HostedComponent, 'id' | 'ref' | 'annotations'>,
    { telemetry }: ComponentSettings,
  ): void {
    this.#parts.identify({ id, ref, ...applicationOf(annotations), ...(telemetry && { telemetry }) })
  }

  #limitHit(component_id: string, limit: LimitName): void {
    const { hostId: host_id, measure, publishEvent } = this.#parts
    measure.add('limitHits', 1, { component: component_id, limit })
    publishEvent('component_limit_hit', { host_id, component_id, limit })
  }

  #failed(request: ScaleRequest, running: HostedComponent | undefined, message: string): void {
    this.#parts.log.error(`component ${request.component_id} cannot run: ${message}`)
    this.#parts.publishEvent('component_scale_failed', {
      annotations: request.annotations,
      component_id: request.component_id,
      host_id: this.#parts.hostId,
      image_ref: request.component_ref,
      max_instances: request.count,
      error: message,
      ...(running?.claims && { public_key: running.claims.subject }),
    })
  }

  async #stopComponent(request: ScaleRequest, running: HostedComponent | undefined): Promise<void> {
    this.#parts.workload.components.delete(request.component_id)
    if (running) await this.#parts.apply()
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
    const { component_id: id, annotations } = request
    this.#identify({ id, ref, annotations }, workload.settingsOf(request))
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
      this.#parts.apply(component.id),
    )
    workload.confirm(component)
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
