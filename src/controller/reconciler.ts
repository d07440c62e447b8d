import { WeftError } from '../errors.ts'
import type { LatticeEvent } from '../lattice/events.ts'
import type { StoredApp } from '../lattice/manifest-store.ts'
import { appOf } from './annotations.ts'
import { runningTarget, workloadPart } from './command.ts'
import { concern } from './concerns.ts'
import type { LatticeView } from './lattice-view.ts'
import type { Made } from './made.ts'
import type { RollbackOrder } from './model-deploys.ts'
import type { Notes } from './notes.ts'
import { Orders, type OrdersParts } from './orders.ts'
import type { AppPlan } from './plan.ts'
import type { Planner } from './planner.ts'
import { knownApp } from './read-stored.ts'
import type { Rollouts } from './rollouts.ts'
import type { ScaleNote } from './scale-note.ts'
import type { Status } from './status.ts'

export interface ReconcilerParts extends OrdersParts {
  readonly view: () => LatticeView
  readonly planner: Planner
  readonly made: Notes<Made>
  /** Numbers of instances that hold in place of the manifests'. */
  readonly scales: Pick<Notes<ScaleNote>, 'load'>
  readonly statuses: Notes<Status>
  readonly rollouts: Rollouts
  /** Deploys again what was deployed before, because the present version does not run well. */
  readonly rollBack: (order: RollbackOrder) => Promise<void>
  readonly onStatus: (name: string, status: Status) => void
}

/** Changes that come together are looked at together. */
const gatherMs = 20
/** A look at everything without a reason, should news ever be lost. */
const restlessMs = 30_000
/** After notes that could not be read or written: NATS or its store did not answer. */
const retryMs = 1_000
/** Planning many applications makes way for everything else on the thread after so long. */
const planningSliceMs = 10

/**
 * Brings the lattice to what the manifests want, whenever something has changed. Only applications that are concerned
 * are looked at, and each goes at its own pace: one that waits for a host that hangs holds up no other.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts
  readonly #orders: Orders
  readonly #planner: Planner
  /** What is being carried out, by application. */
  readonly #busy = new Map<string, Promise<void>>()
  readonly #stored = new Map<string, StoredApp>()
  readonly #resting = new Map<string, number>()
  #notes: 'unread' | 'being read' | 'read' = 'unread'
  #timer: NodeJS.Timeout | undefined
  #restlessAt = 0
  #stopped = false
  #looked = false

  constructor(parts: ReconcilerParts) {
    this.#parts = parts
    this.#planner = parts.planner
    this.#orders = new Orders({ ...parts, mayAct: () => this.#mayAct() })
  }

  /** True once everything was looked at since this controller took over: its statuses are of now. */
  get hasLooked(): boolean {
    return this.#looked
  }

  /** Something of the lattice has changed: whoever is concerned is looked at soon. Without `what`, the hosts have. */
  wake(what?: string): void {
    if (what !== undefined) this.#planner.changed(what)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.tick()
    }, gatherMs)
  }

  /** An application was stored or changed; undefined when it is gone. */
  appChanged(name: string, app: StoredApp | undefined): void {
    if (app) this.#stored.set(name, app)
    else this.#stored.delete(name)
    this.#putApp(name)
    this.wake()
  }

  /** Another controller led until now: what it wrote down is read first. */
  takeOver(): void {
    this.#notes = 'unread'
    this.#looked = false
    this.wake()
  }

  onEvent(event: LatticeEvent): void {
    if (event.name === 'component_scale_failed') {
      const { component_id, error, annotations } = event.data
      const target = runningTarget(event.source, component_id)
      const { app } = this.#planner.find(component_id) ?? {}
      if (app && appOf(annotations) === app.name)
        this.#orders.failedOrGaveUp({ app: app.name, part: workloadPart(component_id), target }, error)
      else this.#orders.failed(target, error)
      this.wake(concern.workload(component_id))
    } else if (event.name === 'provider_start_failed') {
      const { provider_id, error } = event.data
      this.#orders.failed(runningTarget(event.source, provider_id), error)
      this.wake(concern.workload(provider_id))
    }
  }

  /** A host is gone: what was asked of it and not answered has failed. */
  hostGone(id: string): void {
    this.#orders.hostGone(id)
  }

  /** Does what is due. Called a few times a second, and soon after each change. */
  tick(): void {
    if (this.#stopped || !this.#parts.mayAct()) return
    if (this.#notes !== 'read') {
      if (this.#notes === 'unread') void this.#readNotes()
      return
    }
    const now = performance.now()
    if (now > this.#restlessAt) {
      this.#restlessAt = now + restlessMs
      this.#planner.allChanged()
    }
    for (const app of [...this.#orders.dueApps(now), ...this.#parts.rollouts.due()])
      this.#planner.changed(concern.application(app))
    this.#planner.see(this.#parts.view())
    const due = this.#planner.due()
    for (const name of due) {
      if (performance.now() - now > planningSliceMs) {
        setImmediate(() => this.tick())
        return
      }
      if (!this.#busy.has(name) && (this.#resting.get(name) ?? 0) < now) this.#begin(name)
    }
    if (due.length === 0 && this.#busy.size === 0) this.#looked = true
  }

  /** Resolves when no further command will be given. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await Promise.all(this.#busy.values())
  }

  async #readNotes(): Promise<void> {
    const { made, statuses, scales, rollouts, log } = this.#parts
    this.#notes = 'being read'
    try {
      await Promise.all([made.load(), statuses.load(), scales.load(), rollouts.load()])
      for (const name of new Set([...made.names(), ...this.#stored.keys()])) this.#putApp(name)
      this.#notes = 'read'
      this.#restlessAt = 0
      this.wake()
    } catch (error) {
      log.warn('what the last controller wrote down could not be read; trying again', {
        error: WeftError.from(error).message,
      })
      setTimeout(() => {
        this.#notes = 'unread'
      }, retryMs)
    }
  }

  #putApp(name: string): void {
    const stored = this.#stored.get(name)
    const made = this.#parts.made.get(name)
    const gone = made ? { name, manifest: undefined, stored: false, made } : undefined
    this.#planner.put(name, stored ? { ...knownApp(name, stored), made } : gone)
  }

  #begin(name: string): void {
    const appPlan = this.#planner.plan(
      name,
      this.#parts.rollouts.knowledge(name, this.#orders.failures(name)),
    )
    if (!appPlan) return
    this.#orders.planned(name, appPlan.commands)
    const done = this.#carryOut(appPlan)
      .then(() => {
        this.#resting.delete(name)
      })
      .catch((error: unknown) => {
        this.#resting.set(name, performance.now() + retryMs)
        this.#planner.changed(concern.application(name))
        this.#parts.log.warn('an application could not be brought up to date; trying again', {
          application: name,
          error: WeftError.from(error).message,
        })
      })
      .finally(() => {
        this.#busy.delete(name)
        this.wake()
      })
    this.#busy.set(name, done)
  }

  async #carryOut(appPlan: AppPlan): Promise<void> {
    const { made, statuses, rollouts, onStatus } = this.#parts
    const { name, commands } = appPlan
    if (!this.#mayAct()) return
    await rollouts.looked(name, appPlan.rollout)
    if (await this.#rollBack(appPlan)) return
    await made.set(name, appPlan.made)
    this.#planner.madeIs(name, appPlan.made)
    await this.#orders.giveAll(commands)
    if (!this.#mayAct()) return
    const status = appPlan.status(this.#orders.failures(name))
    const isOver = appPlan.made === undefined && !appPlan.stored
    if ((await statuses.set(name, isOver ? undefined : status)) && !isOver) onStatus(name, status)
    if (!isOver) return
    await rollouts.forget(name)
    this.#planner.put(name, undefined)
  }

  /** Resolves to true when a bad version is taken back: then nothing more is done for it. */
  async #rollBack({ name, rollout }: AppPlan): Promise<boolean> {
    const deed = this.#stored.get(name)?.history?.at(-1)
    if (rollout?.failed === undefined || deed?.at !== rollout.rollout.deed) return false
    this.#parts.log.warn(`controller: ${deed.version} is taken back: ${rollout.failed}`, {
      application: name,
    })
    await this.#parts.rollBack({ name, deed, version: rollout.rollout.fallback, reason: rollout.failed })
    return true
  }

  #mayAct(): boolean {
    return !this.#stopped && this.#parts.mayAct()
  }
}
