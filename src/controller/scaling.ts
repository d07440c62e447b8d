import { WeftError } from '../errors.ts'
import type { Peer } from '../lattice/beat.ts'
import type { LatticeEvent } from '../lattice/events.ts'
import type { HandScale, HandScaled } from '../lattice/scale-by-hand.ts'
import { longestHoldMs, type WakeAnswer } from '../lattice/wake.ts'
import type { Log } from '../log.ts'
import { Autoscalers } from './autoscalers.ts'
import { concern } from './concerns.ts'
import { findRunning, type HostView } from './lattice-view.ts'
import type { Notes } from './notes.ts'
import type { Planner } from './planner.ts'
import { isAsleep, isValid, type ScaleNote } from './scale-note.ts'
import type { Status } from './status.ts'

/** What scaling looks at, and where it keeps what it decided. */
export interface ScalingParts {
  readonly planner: Planner
  readonly notes: Notes<ScaleNote>
  readonly statuses: Pick<Notes<Status>, 'get'>
  readonly peers: () => ReadonlyMap<string, Peer>
  readonly hosts: () => readonly HostView[]
  readonly metric: (name: string) => number | undefined
  /** Everything was looked at, and this controller is the one that acts. */
  readonly mayAct: () => boolean
  /** Whoever is concerned is to be planned again. */
  readonly wake: (concern: string) => void
  readonly log: Log
}

/** Hosts beat once a second, so more looks see nothing new. */
const lookMs = 1_000
const freshMs = 1_600

/** Numbers of instances that change while applications run: with the load, by hand, and from sleep. */
export class Scaling {
  readonly #parts: ScalingParts
  readonly #autoscalers = new Autoscalers()
  /** Who waits for a component or provider to run, by its id. */
  readonly #waiting = new Map<string, Set<(answer: WakeAnswer) => void>>()
  /** When each host beat last. */
  readonly #heardAt = new Map<string, number>()
  #lookedAt = 0
  #looking: Promise<void> | undefined

  constructor(parts: ScalingParts) {
    this.#parts = parts
  }

  /** Another controller led until now. */
  takeOver(): void {
    this.#autoscalers.clear()
  }

  onEvent(event: LatticeEvent): void {
    if (event.name === 'component_scaled' && event.data.max_instances > 0)
      this.#tell(event.data.component_id, { state: 'running' })
    else if (event.name === 'provider_started') this.#tell(event.data.provider_id, { state: 'running' })
    else if (event.name === 'component_scale_failed')
      this.#tell(event.data.component_id, { state: 'failing', reason: event.data.error })
    else if (event.name === 'provider_start_failed')
      this.#tell(event.data.provider_id, { state: 'failing', reason: event.data.error })
  }

  /** A host has beaten. */
  heard(host: string): void {
    this.#heardAt.set(host, performance.now())
  }

  /** A host beats no more. */
  gone(host: string): void {
    this.#heardAt.delete(host)
  }

  /** Follows the load; called a few times a second. */
  tick(): void {
    const now = performance.now()
    if (this.#looking || now - this.#lookedAt < lookMs || !this.#parts.mayAct()) return
    this.#lookedAt = now
    this.#looking = this.#look(now)
      .catch((error: unknown) => {
        this.#parts.log.warn('the load could not be followed; trying again', {
          error: WeftError.from(error).message,
        })
      })
      .finally(() => {
        this.#looking = undefined
      })
  }

  /** Somebody wants another number of instances; undefined when this controller does not lead. */
  async byHand({ component: id, instances }: HandScale): Promise<HandScaled | undefined> {
    const { planner, mayAct } = this.#parts
    if (!mayAct()) return undefined
    const found = planner.find(id)
    if (!found) throw new WeftError('not_found', `no deployed application has a component ${id}`)
    const { workload, app } = found
    if (workload.kind === 'provider' || workload.scaler?.kind !== 'spread') {
      const what =
        workload.kind === 'provider' ? 'a provider' : 'a component without a spreadscaler or autoscaler'
      throw new WeftError('invalid', `${id} is ${what}: change the manifest of ${app.name}`)
    }
    const note = instances === null ? undefined : ({ by: 'hand', instances, version: app.version } as const)
    await this.#note(id, note)
    const now = planner.find(id)?.workload.scaler?.instances ?? 0
    return { application: app.name, version: app.version, instances: now }
  }

  /** Somebody called what nobody serves; undefined when this controller does not lead. */
  async wake(id: string): Promise<WakeAnswer | undefined> {
    const { planner, mayAct, hosts, log } = this.#parts
    if (!mayAct()) return undefined
    const found = planner.find(id)
    if (!found) return { state: 'stopped' }
    const { workload, app } = found
    const sleeps = isAsleep(workload)
    if (!sleeps && (workload.scaler?.instances ?? 0) === 0) return { state: 'stopped' }
    const told = this.#nextWord(id)
    if (sleeps) {
      log.info(`controller: a call wakes ${id}`, { application: app.name })
      await this.#note(id, {
        by: 'load',
        instances: Math.max(1, workload.autoscaler?.min ?? 1),
        version: app.version,
      })
    } else if (hosts().some((host) => this.#isWell(host) && findRunning(host, workload) !== undefined))
      return { state: 'running' }
    else if (this.#problemOf(app.name, workload.name) !== undefined)
      return { state: 'failing', reason: this.#problemOf(app.name, workload.name) ?? '' }
    return await told
  }

  async #look(now: number): Promise<void> {
    const { planner, notes, peers, metric, log } = this.#parts
    await this.#forgetOld()
    const autoscaled = planner.autoscaled().flatMap((id) => {
      const { workload } = planner.find(id) ?? {}
      const { autoscaler: rule, scaler } = workload ?? {}
      return rule && scaler && notes.get(id)?.by !== 'hand' ? [{ id, rule, instances: scaler.instances }] : []
    })
    for (const { id, instances } of this.#autoscalers.look({ autoscaled, peers: peers(), metric, now })) {
      const { app } = planner.find(id) ?? {}
      if (!app) continue
      const deed = instances === 0 ? 'sleeps: nobody calls it' : `has ${instances} instances by its load`
      log.info(`controller: ${id} ${deed}`, { application: app.name })
      await this.#note(id, { by: 'load', instances, version: app.version })
    }
  }

  /** Notes of what is no longer deployed, or deployed in another version than the one they were made for. */
  async #forgetOld(): Promise<void> {
    const { planner, notes } = this.#parts
    for (const id of notes.names()) {
      const found = planner.find(id)
      const note = notes.get(id)
      if (note && (!found || !isValid(note, found.workload, found.app.version)))
        await notes.set(id, undefined)
    }
  }

  async #note(id: string, note: ScaleNote | undefined): Promise<void> {
    await this.#parts.notes.set(id, note)
    this.#parts.wake(concern.workload(id))
  }

  #problemOf(app: string, name: string): string | undefined {
    const status = this.#parts.statuses.get(app)?.scalers.find((one) => one.name === name)?.status
    return status?.type === 'failed' || status?.type === 'waiting' ? status.message : undefined
  }

  /** A Weft host that has missed a beat may be gone, with all that it runs. */
  #isWell({ id, weft }: HostView): boolean {
    const heardAt = this.#heardAt.get(id)
    return !weft || (heardAt !== undefined && performance.now() - heardAt < freshMs)
  }

  /** What happens to it next, or that nothing has happened yet. */
  #nextWord(id: string): Promise<WakeAnswer> {
    const { promise, resolve } = Promise.withResolvers<WakeAnswer>()
    const waiting = this.#waiting.get(id) ?? new Set()
    this.#waiting.set(id, waiting.add(resolve))
    const timer = setTimeout(() => resolve({ state: 'starting' }), longestHoldMs)
    return promise.finally(() => {
      clearTimeout(timer)
      waiting.delete(resolve)
      if (waiting.size === 0 && this.#waiting.get(id) === waiting) this.#waiting.delete(id)
    })
  }

  #tell(id: string, answer: WakeAnswer): void {
    for (const tell of this.#waiting.get(id) ?? []) tell(answer)
  }
}
