import type { Peer } from '../lattice/beat.ts'
import { count, listOf, mapOf, oneOf, record, type Shape, text } from '../lattice/shape.ts'
import type { Failure } from './attempts.ts'
import type { Notes } from './notes.ts'
import type { RolloutKnowledge } from './roll-out.ts'
import type { RolloutStepPlan } from './rollout.ts'
import type { Rollout } from './rollout-terms.ts'
import { Traffic } from './traffic.ts'
import { UrlChecks } from './url-checks.ts'

/** Reads what the controller that led before wrote down of a roll-out. */
export const readRolloutNote: Shape<Rollout> = record({
  deed: text,
  pace: oneOf(['in steps', 'at once']),
  fallback: text,
  failing: listOf(text),
  stage: oneOf(['code', 'links', 'done']),
  reached: mapOf(record({ hosts: count, since: count })),
})

/** What all roll-outs that go on need to know, and remember. Times in milliseconds since the epoch. */
export class Rollouts {
  readonly #notes: Notes<Rollout>
  readonly #traffic = new Traffic()
  readonly #checks: UrlChecks
  /** By application: those that go on. */
  readonly #going = new Map<string, RolloutStepPlan>()

  /** `onNews` comes when a look may show something else than before. */
  constructor(notes: Notes<Rollout>, onNews: () => void) {
    this.#notes = notes
    this.#checks = new UrlChecks(() => {
      for (const [app, step] of this.#going) this.#going.set(app, { ...step, dueAt: 0 })
      onNews()
    })
  }

  /** Reads what the one that led before has written. */
  async load(): Promise<void> {
    this.#going.clear()
    await this.#notes.load()
  }

  heard(peer: Peer): void {
    this.#traffic.heard(peer, Date.now())
  }

  gone(host: string): void {
    this.#traffic.forget(host)
  }

  /** What a look at an application's roll-out goes by. */
  knowledge(app: string, failures: readonly Failure[]): RolloutKnowledge {
    return {
      noted: this.#notes.get(app),
      failures,
      observed: {
        traffic: (id, hosts, since) => this.#traffic.since(id, hosts, since),
        check: (url, since) => this.#checks.answer(url, since),
      },
      now: Date.now(),
    }
  }

  /** A look was made: its result is written down, and what it waits for is watched. */
  async looked(app: string, step: RolloutStepPlan | undefined): Promise<void> {
    if (step) await this.#notes.set(app, step.rollout)
    if (step && step.rollout.stage !== 'done') this.#going.set(app, step)
    else if (!this.#going.delete(app)) return
    const going = [...this.#going.values()]
    this.#traffic.watch(new Set(going.flatMap(({ workloads }) => workloads)))
    const checks = going.flatMap((one) => one.checks)
    this.#checks.keepOnly(checks)
    for (const { url, since } of checks) this.#checks.ask(url, since)
  }

  /** An application is gone from the store. */
  async forget(app: string): Promise<void> {
    await this.#notes.set(app, undefined)
  }

  /** Applications whose roll-out is to be looked at. */
  due(): readonly string[] {
    const now = Date.now()
    return [...this.#going].filter(([, { dueAt }]) => dueAt <= now).map(([app]) => app)
  }

  stop(): void {
    this.#checks.stop()
  }
}
