import { WeftError } from '../errors.ts'
import type { ControlClient } from '../lattice/control-client.ts'
import type { LatticeEvent } from '../lattice/events.ts'
import type { ManifestStore, StoredApp } from '../lattice/manifest-store.ts'
import type { Log } from '../log.ts'
import { Attempts } from './attempts.ts'
import { type Command, describe, phaseOf, runningTarget } from './command.ts'
import { giveCommand } from './give-command.ts'
import type { LatticeView } from './lattice-view.ts'
import type { Made } from './made.ts'
import type { Notes } from './notes.ts'
import { type AppPlan, type KnownApp, plan } from './plan.ts'
import { knownApp } from './read-stored.ts'
import type { Status } from './status.ts'

export interface ReconcilerParts {
  readonly client: ControlClient
  readonly log: Log
  readonly store: Pick<ManifestStore, 'readAll'>
  readonly view: () => LatticeView
  readonly made: Notes<Made>
  readonly statuses: Notes<Status>
  /** Asked before each pass and each command. */
  readonly mayAct: () => boolean
  /** Gives commands under the trace of the deploy that they follow from. */
  readonly giveUnder: (command: Command, give: (client: ControlClient) => Promise<void>) => Promise<void>
  readonly onStatus: (name: string, status: Status) => void
}

/** Changes that come together are looked at together. */
const gatherMs = 20
/** A look without a reason, should news ever be lost. */
const restlessMs = 30_000
/** After a pass that failed as a whole: NATS or its store did not answer. */
const retryMs = 1_000

/** Brings the lattice to what the manifests want, one pass at a time, whenever something has changed. */
export class Reconciler {
  readonly #parts: ReconcilerParts
  readonly #attempts = new Attempts()
  #apps: ReadonlyMap<string, StoredApp> | undefined
  #notesLoaded = false
  #wakeAt = 0
  #pass: Promise<void> | undefined
  #stopped = false
  #looked = false

  constructor(parts: ReconcilerParts) {
    this.#parts = parts
  }

  /** True once a whole pass was made since this controller took over: its statuses are of now. */
  get hasLooked(): boolean {
    return this.#looked
  }

  /** Something has changed: a pass follows soon. */
  wake(): void {
    this.#wakeAt = Math.min(this.#wakeAt, performance.now() + gatherMs)
  }

  manifestsChanged(): void {
    this.#apps = undefined
    this.wake()
  }

  /** Another controller led until now: what it wrote down is read first. */
  takeOver(): void {
    this.#notesLoaded = false
    this.#looked = false
    this.manifestsChanged()
  }

  onEvent(event: LatticeEvent): void {
    const now = performance.now()
    if (event.name === 'component_scale_failed') {
      const { component_id, error } = event.data
      this.#attempts.failed(runningTarget(event.source, component_id), error, now)
    } else if (event.name === 'provider_start_failed') {
      const { provider_id, error } = event.data
      this.#attempts.failed(runningTarget(event.source, provider_id), error, now)
    } else return
    this.wake()
  }

  /** Starts a pass when one is due. Called a few times a second. */
  tick(): void {
    if (this.#stopped || this.#pass) return
    const now = performance.now()
    if (now < Math.min(this.#wakeAt, this.#attempts.nextDue()) || !this.#parts.mayAct()) return
    this.#wakeAt = now + restlessMs
    this.#pass = this.#reconcile()
      .then(() => {
        this.#looked = true
      })
      .catch((error: unknown) => {
        this.#wakeAt = performance.now() + retryMs
        this.#parts.log.warn('the lattice could not be reconciled; trying again', {
          error: WeftError.from(error).message,
        })
      })
      .finally(() => {
        this.#pass = undefined
      })
  }

  /** Resolves when no further command will be given. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#pass
  }

  async #reconcile(): Promise<void> {
    const plans = plan(await this.#knownApps(), this.#parts.view())
    this.#attempts.keepOnly(plans.flatMap(({ commands }) => commands))
    await Promise.all(plans.map((appPlan) => this.#carryOut(appPlan)))
  }

  async #knownApps(): Promise<readonly KnownApp[]> {
    const { store, made, statuses } = this.#parts
    if (!this.#notesLoaded) {
      await Promise.all([made.load(), statuses.load()])
      this.#notesLoaded = true
    }
    // Cleared again when a change comes while this is being read.
    let apps = this.#apps
    if (!apps) {
      this.#apps = apps = new Map()
      const read = await store.readAll()
      if (this.#apps === apps) this.#apps = read
      apps = read
    }
    const gone = made.names().filter((name) => !apps.has(name))
    return [
      ...[...apps].map(([name, app]) => ({ ...knownApp(name, app), made: made.get(name) })),
      ...gone.map((name) => ({ name, manifest: undefined, stored: false, made: made.get(name) })),
    ]
  }

  async #carryOut(appPlan: AppPlan): Promise<void> {
    const { made, statuses, onStatus } = this.#parts
    const { name, commands } = appPlan
    if (!this.#mayAct()) return
    await made.set(name, appPlan.made)
    await this.#giveAll(commands)
    if (!this.#mayAct()) return
    const status = appPlan.status(this.#attempts.failures())
    const isOver = appPlan.made === undefined && !appPlan.stored
    if ((await statuses.set(name, isOver ? undefined : status)) && !isOver) onStatus(name, status)
  }

  #mayAct(): boolean {
    return !this.#stopped && this.#parts.mayAct()
  }

  async #giveAll(commands: readonly Command[]): Promise<void> {
    const phases = Map.groupBy(commands, phaseOf)
    for (const [phase, group] of [...phases].toSorted(([a], [b]) => a - b)) {
      // What starts or is linked needs its config; what is removed does not.
      if (phase > 0 && phase < 4 && !this.#configsAreThere(phases.get(0) ?? [])) continue
      await Promise.all(group.map((command) => this.#give(command)))
    }
  }

  #configsAreThere(puts: readonly Command[]): boolean {
    return puts.every((command) => this.#attempts.isFlying(command))
  }

  async #give(command: Command): Promise<void> {
    const { giveUnder, log } = this.#parts
    if (!this.#mayAct() || !this.#attempts.mayGive(command, performance.now())) return
    this.#attempts.given(command, performance.now())
    log.info(`controller: ${describe(command)}`, { application: command.app })
    try {
      await giveUnder(command, (client) => giveCommand(client, command.deed))
    } catch (error) {
      const { message } = WeftError.from(error)
      this.#attempts.failed(command.target, message, performance.now())
      log.warn(`controller: ${describe(command)}: ${message}`, { application: command.app })
    }
  }
}
