import { WeftError } from '../errors.ts'
import type { ControlClient } from '../lattice/control-client.ts'
import type { Log } from '../log.ts'
import { Attempts, type Failure } from './attempts.ts'
import { type Command, describe, phaseOf } from './command.ts'
import { giveCommand } from './give-command.ts'
import { Relapses } from './relapses.ts'

/** What orders are given with. */
export interface OrdersParts {
  readonly log: Log
  /** What people know a host by. */
  readonly nameOf: (hostId: string) => string
  /** Asked before each command. */
  readonly mayAct: () => boolean
  /** Gives commands under the trace of the deploy that they follow from. */
  readonly giveUnder: (command: Command, give: (client: ControlClient) => Promise<void>) => Promise<void>
}

/** Gives commands, remembers what came of them, and holds back what must not be tried again yet. */
export class Orders {
  readonly #parts: OrdersParts
  readonly #attempts = new Attempts()
  readonly #relapses = new Relapses()
  /** By host: what fails when it is gone. */
  readonly #waitingFor = new Map<string, Set<(error: WeftError) => void>>()

  constructor(parts: OrdersParts) {
    this.#parts = parts
  }

  /** What an application lacks now; what else was tried for it is over. */
  planned(app: string, commands: readonly Command[]): void {
    this.#attempts.keepOnly(app, commands)
    this.#relapses.planned(app, commands)
  }

  failures(app: string): readonly Failure[] {
    return [...this.#relapses.failures(app), ...this.#attempts.failures(app)]
  }

  /** Applications of which something has changed by itself: a command came to nothing, or a pause is over. */
  dueApps(now: number): readonly string[] {
    const isTried = (target: string) => this.#attempts.knows(target)
    return [...this.#attempts.dueApps(now), ...this.#relapses.dueApps(now, isTried)]
  }

  /** A host tells that something did not start. */
  failed(target: string, error: string): void {
    this.#attempts.failed(target, error, performance.now())
  }

  /** A host tells that a component does not run (any more). Nobody has asked for anything: it ran, and was given up. */
  failedOrGaveUp(subject: Pick<Command, 'app' | 'part' | 'target'>, error: string): void {
    if (this.#attempts.knows(subject.target)) this.failed(subject.target, error)
    else this.#relapses.gaveUp(subject, error, performance.now())
  }

  /** A host is gone: what was asked of it and not answered has failed. */
  hostGone(id: string): void {
    const gone = new WeftError('unavailable', 'the host is gone')
    for (const fail of this.#waitingFor.get(id) ?? []) fail(gone)
  }

  /** Gives commands in the order of their phases; resolves when each was accepted or refused. */
  async giveAll(commands: readonly Command[]): Promise<void> {
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
    const { mayAct, giveUnder, log, nameOf } = this.#parts
    const now = performance.now()
    if (!mayAct() || this.#relapses.holds(command.target, now)) return
    if (!this.#attempts.mayGive(command, now)) return
    this.#attempts.given(command, now)
    log.info(`controller: ${describe(command, nameOf)}`, { application: command.app })
    try {
      await this.#unlessGone(
        command,
        giveUnder(command, (client) => giveCommand(client, command.deed)),
      )
    } catch (error) {
      const host = hostOf(command)
      const message = WeftError.from(error).message.replace(`host ${host} `, `host ${nameOf(host)} `)
      this.failed(command.target, message)
      log.warn(`controller: ${describe(command, nameOf)}: ${message}`, { application: command.app })
    }
  }

  /** Waits for an answer, or until the host is gone that was asked. */
  async #unlessGone(command: Command, answer: Promise<void>): Promise<void> {
    const host = hostOf(command)
    const { promise, reject } = Promise.withResolvers<never>()
    const waiting = this.#waitingFor.get(host) ?? new Set()
    this.#waitingFor.set(host, waiting.add(reject))
    try {
      await Promise.race([answer, promise])
    } finally {
      waiting.delete(reject)
      if (waiting.size === 0 && this.#waitingFor.get(host) === waiting) this.#waitingFor.delete(host)
    }
  }
}

/** The host that is asked; '' for what any host does. */
function hostOf({ deed }: Command): string {
  return 'hostId' in deed ? deed.hostId : 'request' in deed ? deed.request.host_id : ''
}
