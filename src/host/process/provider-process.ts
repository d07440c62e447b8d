import { setTimeout as delay } from 'node:timers/promises'
import { WeftError } from '../../errors.ts'
import type { Secrets } from '../../secret.ts'
import {
  type PlannedProcess,
  type ProcessSurroundings,
  type ProviderInstance,
  startInstance,
} from './provider-instance.ts'
import { untilReady, watchHealth } from './watch-health.ts'

/** How a provider that ends by itself is started again. */
export interface RestartRules {
  /** The pause before the first restart; each further one doubles it. Milliseconds. */
  readonly firstMs: number
  readonly mostMs: number
  /** So many ends in a row are too many. */
  readonly budget: number
  /** One that ran so long has an end that counts as the first. */
  readonly calmMs: number
}

export const defaultRestarts: RestartRules = Object.freeze({
  firstMs: 500,
  mostMs: 30_000,
  budget: 10,
  calmMs: 60_000,
})

export interface ProviderProcessOptions {
  readonly around: ProcessSurroundings
  /** The secrets as they are now, for a restart: they may be others than at the start. */
  readonly secrets: () => Promise<Secrets>
  readonly restarts: RestartRules
  /** The outcome of each health check, and of each end. */
  readonly onHealth: (problem: string | undefined) => void
  /** A run of it has begun, or ended by itself: what that had accepted will not be answered. */
  readonly onRun: () => void
  /** It has ended too often: it will not be started again. */
  readonly onGivenUp: (why: string) => void
}

/** A provider in a process of its own, kept running. */
export class ProviderProcess {
  readonly #options: ProviderProcessOptions
  readonly #stopping = new AbortController()
  #plan: PlannedProcess
  #instance: ProviderInstance | undefined
  #problem: string | undefined
  #over: Promise<void> = Promise.resolve()

  private constructor(plan: PlannedProcess, options: ProviderProcessOptions) {
    this.#plan = plan
    this.#options = options
  }

  /** Starts it and waits until it answers; one that ends before is not kept, and why is the error. */
  static async start(plan: PlannedProcess, options: ProviderProcessOptions): Promise<ProviderProcess> {
    const made = new ProviderProcess(plan, options)
    const instance = await startInstance(plan, options.around)
    made.#instance = instance
    made.#problem = await untilReady(instance)
    if (instance.hasEnded()) {
      throw new WeftError('unavailable', `it ended before it was ready: ${await instance.ended}`)
    }
    made.#over = made.#keepRunning(instance)
    return made
  }

  /** What was found wrong with it at last; undefined when all is well. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** The run that answers now, or will. */
  get instance(): ProviderInstance | undefined {
    return this.#instance
  }

  update(plan: PlannedProcess): void {
    this.#plan = plan
    if (this.#instance?.hasEnded() === false) this.#instance.update(plan)
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort()
    await this.#instance?.stop(graceMs)
    await this.#over
  }

  async #keepRunning(first: ProviderInstance): Promise<void> {
    const { restarts, onRun, onGivenUp } = this.#options
    const { signal } = this.#stopping
    let instance: ProviderInstance | undefined = first
    let ends = 0
    for (;;) {
      const startedAt = performance.now()
      const how = instance ? await this.#untilEnded(instance) : (this.#problem ?? '')
      if (signal.aborted) return
      ends = performance.now() - startedAt >= restarts.calmMs ? 1 : ends + 1
      if (instance) onRun()
      if (ends > restarts.budget) return onGivenUp(`it ended ${ends} times in a row: ${how}`)
      const pauseMs = Math.min(restarts.mostMs, restarts.firstMs * 2 ** (ends - 1))
      this.#tell(`it ended with ${how}; it starts again in ${pauseMs} ms`)
      await delay(pauseMs, undefined, { signal, ref: false }).catch(() => undefined)
      if (signal.aborted) return
      instance = await this.#startAgain()
    }
  }

  async #startAgain(): Promise<ProviderInstance | undefined> {
    const { around } = this.#options
    try {
      const secrets = await this.#options.secrets().catch((error: unknown) => {
        around.log.warn(
          `provider ${this.#plan.id} starts with the secrets it had: ${WeftError.from(error).message}`,
        )
        return this.#plan.secrets
      })
      const instance = await startInstance({ ...this.#plan, secrets }, around)
      this.#instance = instance
      this.#options.onRun()
      // It may have been told to stop, or the plan may have changed, while it was being started.
      if (this.#stopping.signal.aborted) await instance.stop(0)
      else instance.update(this.#plan)
      return instance
    } catch (error) {
      this.#problem = WeftError.from(error).message
      return undefined
    }
  }

  async #untilEnded(instance: ProviderInstance): Promise<string> {
    const over = new AbortController()
    const signal = AbortSignal.any([over.signal, this.#stopping.signal])
    const watching = untilReady(instance).then((problem) => {
      if (signal.aborted || instance.hasEnded()) return
      if (problem !== this.#problem) this.#tell(problem)
      return watchHealth(instance, {
        onHealth: (found) => this.#tell(found),
        onHang: () => void instance.stop(0),
        bell: instance.linkPut,
        signal,
      })
    })
    const how = await instance.ended
    over.abort()
    await watching.catch(() => undefined)
    return how
  }

  #tell(problem: string | undefined): void {
    this.#problem = problem
    if (!this.#stopping.signal.aborted) this.#options.onHealth(problem)
  }
}
