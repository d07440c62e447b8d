import { isDeepStrictEqual } from 'node:util'
import type { Call, Invoke } from '../call/call.ts'
import type { GuestOtel } from '../capability/otel.ts'
import { preciseNow } from '../clock.ts'
import type { Pace } from '../component/pace.ts'
import type { NetworkLid } from '../component-settings.ts'
import { type LimitName, WeftError } from '../errors.ts'
import { GuestComponent } from '../guest/component.ts'
import type { ComponentServices } from '../guest/invocation.ts'
import { limitsFor } from '../guest/limits.ts'
import { Permits } from '../guest/permits.ts'
import type { HostVolumes } from '../guest/volume/volumes.ts'
import type { Log } from '../log.ts'
import type { Measure } from '../measure.ts'
import type { WitInterface } from '../wit/type.ts'
import { LinkTargets } from './link-targets.ts'
import { type RunsHere, runWithPermit } from './run-with-permit.ts'
import type { PlannedComponent } from './thread-messages.ts'

/** What the components of a thread need around them. */
export interface ComponentSurroundings {
  /** What the guests of the thread share. */
  readonly pace: Pace
  readonly hostVolumes: HostVolumes
  readonly networkLid: NetworkLid
  readonly log: Log
  readonly measure: Measure
  /** The index of this thread. */
  readonly thread: number
  /** True on the thread that tells what all threads share. */
  readonly isLeader: boolean
  /** Makes the calls of guests. */
  readonly invoke: Invoke
  readonly leaving: (answer: Invoke) => Invoke
  /** Puts an id's interfaces on the lattice; the answer takes them off again, when calls in flight have ended. */
  readonly serve: (id: string, interfaces: readonly WitInterface[]) => Promise<{ drain(): Promise<void> }>
  /** Where what guests make known of themselves goes. */
  readonly otel: GuestOtel
  /** Tells the host that a limit of a component was hit. */
  readonly onLimit: (component: string, limit: LimitName) => void
  /** What a call that has its permit waits for before it runs; undefined when it need not. */
  readonly before: (call: Call) => Promise<void> | undefined
  /** An invocation of a component ended badly, by its own doing. */
  readonly onOffence: (component: string) => void
  /** Tells the other threads that a permit came free. */
  readonly poke: (component: string) => void
}

interface Running extends RunsHere {
  planned: PlannedComponent
  guest: GuestComponent
  readonly linkTargets: LinkTargets
  server: { drain(): Promise<void> }
}

/** The components that run on this thread. */
export class ThreadComponents {
  readonly #around: ComponentSurroundings
  readonly #running = new Map<string, Running>()
  /** Off the lattice, but calls that were accepted before still find them. */
  readonly #draining = new Map<string, Running>()

  constructor(around: ComponentSurroundings) {
    this.#around = around
    this.#watch()
  }

  planned(id: string): PlannedComponent | undefined {
    return this.#running.get(id)?.planned
  }

  /** Permits in use on the whole host, and whether one is free; undefined when the component does not run here. */
  load(id: string): { readonly active: number; readonly free: boolean } | undefined {
    const permits = this.#running.get(id)?.permits
    return permits && { active: permits.active, free: permits.free }
  }

  poked(id: string): void {
    this.#running.get(id)?.permits.poked()
  }

  /** Starts it, or makes the running one like `planned`; calls in flight end on what they began with. */
  async put(planned: PlannedComponent): Promise<void> {
    const running = this.#running.get(planned.id)
    if (!running) return this.#start(planned)
    const isNewCode = planned.path !== running.planned.path
    const guest = isNewCode ? await this.#load(planned) : running.guest
    if (!isNewCode && !isDeepStrictEqual(planned.settings, running.planned.settings))
      await guest.configure(planned.settings)
    if (isNewCode) running.guest.close()
    Object.assign(running, { planned, guest })
    running.linkTargets.put(planned.links)
    setPermits(running.permits, planned)
    running.permits.poked()
    if (!isNewCode) return
    const before = running.server
    running.server = await this.#around.serve(planned.id, guest.serves)
    void before.drain()
  }

  /** Takes it off the lattice at once; settles when its last call has ended. */
  async remove(id: string): Promise<void> {
    const running = this.#running.get(id)
    if (!running) return
    this.#running.delete(id)
    this.#draining.set(id, running)
    running.linkTargets.settle()
    await running.server.drain()
    running.guest.close()
    if (this.#draining.get(id) === running) this.#draining.delete(id)
  }

  ids(): readonly string[] {
    return [...this.#running.keys()]
  }

  /** Answers a call whose target runs here. */
  readonly dispatch: Invoke = (call) => {
    const running = this.#running.get(call.target) ?? this.#draining.get(call.target)
    if (!running)
      return Promise.reject(new WeftError('not_found', `component ${call.target} does not run on this host`))
    const run = () => runWithPermit(running, call, this.#around.before(call))
    return running.permits.tryAcquire() ? run() : this.#queue(running.permits, call).then(run)
  }

  async #queue(permits: Permits, call: Call): Promise<void> {
    const start = preciseNow()
    try {
      await permits.acquire(call.signal)
    } catch (error) {
      if (error instanceof WeftError && error.code === 'exhausted') this.#limitHit(call.target, 'queue')
      throw error
    }
    call.course.record({ name: 'queued', start, end: preciseNow() })
  }

  /** Permits are counted over all threads, so one of them tells. */
  #watch(): void {
    const { measure, isLeader } = this.#around
    const each = (value: (running: Running) => number) => () =>
      [...this.#running].map(([component, running]) => ({ labels: { component }, value: value(running) }))
    measure.watch(
      'queueDepth',
      each(({ permits }) => permits.queued),
    )
    measure.watch(
      'readyInstances',
      each(({ guest }) => guest.ready),
    )
    measure.watch(
      'guestMemory',
      each(({ guest }) => guest.memoryBytes),
    )
    if (!isLeader) return
    measure.watch(
      'activeInstances',
      each(({ permits }) => permits.active),
    )
    measure.watch(
      'maxInstances',
      each(({ permits }) => permits.max),
    )
  }

  async #start(planned: PlannedComponent): Promise<void> {
    const guest = await this.#load(planned)
    const permits = new Permits({
      shared: planned.permits,
      thread: this.#around.thread,
      max: planned.maxInstances,
      poke: () => this.#around.poke(planned.id),
    })
    setPermits(permits, planned)
    const server = await this.#around.serve(planned.id, guest.serves)
    const running: Running = {
      planned,
      guest,
      permits,
      services: this.#servicesOf(() => running),
      server,
      linkTargets: new LinkTargets(planned.links),
    }
    this.#running.set(planned.id, running)
  }

  #load({ path, settings }: PlannedComponent): Promise<GuestComponent> {
    const { pace, hostVolumes, networkLid } = this.#around
    return GuestComponent.load(path, { settings, pace, hostVolumes, networkLid })
  }

  #limitHit(component: string, limit: LimitName): void {
    this.#around.measure.add('limitHits', 1, { component, limit })
    this.#around.onLimit(component, limit)
  }

  #servicesOf(running: () => Running): ComponentServices {
    return {
      otel: this.#around.otel,
      limitHit: (limit) => this.#limitHit(running().planned.id, limit),
      offended: () => this.#around.onOffence(running().planned.id),
      trapped: () => {
        const { planned, permits } = running()
        permits.countTrap()
        this.#around.measure.add('traps', 1, { component: planned.id })
      },
      invoke: this.#around.invoke,
      leaving: this.#around.leaving,
      log: this.#around.log,
      config: () => running().planned.config,
      secrets: () => running().planned.secrets,
      linkTarget: (name, key) => running().linkTargets.find(name, key),
    }
  }
}

function setPermits(permits: Permits, { maxInstances, settings }: PlannedComponent): void {
  const limits = limitsFor(settings.limits)
  permits.max = maxInstances
  permits.longest = limits.queue
  permits.longestMs = limits.queueMs
}
