import { WeftError } from '../errors.ts'
import type { Secrets } from '../secret.ts'
import type { PlannedProcess, ProcessSurroundings } from './process/provider-instance.ts'
import { defaultRestarts, ProviderProcess, type RestartRules } from './process/provider-process.ts'

export interface ProviderProcessesOptions {
  readonly around: ProcessSurroundings
  readonly restarts?: RestartRules
  readonly onHealth: (provider: string, problem: string | undefined) => void
  /** What `runs` says has changed. */
  readonly onRuns: () => void
  readonly onGivenUp: (provider: string, why: string) => void
}

/** The providers of this host that run in processes of their own. */
export class ProviderProcesses {
  readonly #options: ProviderProcessesOptions
  readonly #running = new Map<string, ProviderProcess>()
  #isStopped = false

  constructor(options: ProviderProcessesOptions) {
    this.#options = options
  }

  /** Starts one and waits until it answers; a start that fails leaves nothing behind. `secrets` are for restarts. */
  async start(plan: PlannedProcess, secrets: () => Promise<Secrets>): Promise<void> {
    const { around, restarts = defaultRestarts, onHealth, onRuns, onGivenUp } = this.#options
    const process = await ProviderProcess.start(plan, {
      around,
      secrets,
      restarts,
      onHealth: (problem) => onHealth(plan.id, problem),
      onRun: onRuns,
      onGivenUp: (why) => onGivenUp(plan.id, why),
    })
    if (this.#isStopped) {
      await process.stop(0)
      throw new WeftError('cancelled', 'the host stops')
    }
    this.#running.set(plan.id, process)
    onRuns()
  }

  /** Brings config and links of those that run up to date. */
  update(plans: readonly PlannedProcess[]): void {
    for (const plan of plans) this.#running.get(plan.id)?.update(plan)
  }

  /** What was found wrong with one at last; undefined when all is well. */
  problemOf(id: string): string | undefined {
    return this.#running.get(id)?.problem
  }

  /** The run of each provider that answers now: provider id to instance id. */
  runs(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      [...this.#running].flatMap(([id, { instance }]) =>
        instance && !instance.hasEnded() ? [[id, instance.id]] : [],
      ),
    )
  }

  async stop(id: string, graceMs: number): Promise<void> {
    const process = this.#running.get(id)
    await process?.stop(graceMs)
    this.#running.delete(id)
  }

  /** Ends all of them; one that is still being started ends when it has. */
  async stopAll(graceMs: number): Promise<void> {
    this.#isStopped = true
    await Promise.all([...this.#running.keys()].map((id) => this.stop(id, graceMs)))
  }
}
