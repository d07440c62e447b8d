import { WeftError } from '../errors.ts'
import { Offenders } from './offenders.ts'
import { type LossBudget, RestartBudget } from './restart-budget.ts'
import type { Thread } from './thread.ts'
import type { PlanOutcome, ThreadPlan } from './thread-messages.ts'

export interface ConfinedOptions {
  /** Starts a thread for one component; with `after`, in the place of one that was lost. */
  readonly open: (after: Thread | undefined) => Thread
  /** Threads that a component may lose before it is given up. */
  readonly budget: LossBudget
  /** The component has a thread of its own from now on, or (`false`) no longer. */
  readonly onConfined: (component: string, isConfined: boolean) => void
  /** A component whose own thread does not live is to be stopped. */
  readonly onHopeless: (component: string, reason: string) => void
}

/** Components that may have threads of their own at a time. */
const mostConfined = 4
const releaseGraceMs = 30_000

interface Confined {
  thread: Thread
  readonly budget: RestartBudget
}

/** Components that do harm again and again, each on a thread of its own. */
export class ConfinedThreads {
  readonly #options: ConfinedOptions
  readonly #confined = new Map<string, Confined>()
  readonly #offenders = new Offenders()

  constructor(options: ConfinedOptions) {
    this.#options = options
  }

  has(component: string): boolean {
    return this.#confined.has(component)
  }

  threadOf(component: string): Thread | undefined {
    return this.#confined.get(component)?.thread
  }

  threads(): Thread[] {
    return [...this.#confined.values()].map(({ thread }) => thread)
  }

  /** Counts offences; true when a component has a thread of its own from now on, which is to be told its plan. */
  offended(component: string, count: number): boolean {
    if (!this.#offenders.offended(component, count)) return false
    if (this.#confined.has(component) || this.#confined.size >= mostConfined) return false
    const { open, budget, onConfined } = this.#options
    this.#confined.set(component, { thread: open(undefined), budget: new RestartBudget(budget) })
    onConfined(component, true)
    return true
  }

  /** Components that gave no offence for long. */
  calm(): string[] {
    return [...this.#confined.keys()].filter((component) => this.#offenders.isCalm(component))
  }

  /** Ends the thread of a component, once `elsewhere` has settled; calls in flight end there. */
  async release(component: string, elsewhere: () => Promise<unknown>): Promise<void> {
    const confined = this.#confined.get(component)
    if (!confined) return
    this.#forget(component)
    this.#options.onConfined(component, false)
    await elsewhere().catch(() => {})
    await confined.thread.stop(releaseGraceMs)
  }

  /** Brings each thread to what the plan says of its component. One that does not answer holds nobody up for ever. */
  apply(plan: ThreadPlan): Promise<PlanOutcome[]> {
    return Promise.all(
      [...this.#confined].map(async ([component, { thread }]) => {
        const components = plan.components.filter(({ id }) => id === component)
        try {
          return await thread.apply({ components, providers: [] })
        } catch (error) {
          return { failures: [{ id: component, message: WeftError.from(error).message }], refusedLinks: [] }
        }
      }),
    )
  }

  /** Replaces a thread that was lost, if it is one of these, or gives up its component; the plan is to be told again. */
  lost(thread: Thread, error: Error): void {
    const found = [...this.#confined].find(([, one]) => one.thread === thread)
    if (!found) return
    const [component, confined] = found
    if (confined.budget.take()) {
      confined.thread = this.#options.open(thread)
      return
    }
    this.#forget(component)
    const { budget, onHopeless } = this.#options
    onHopeless(component, `its thread was lost again and again (more than ${budget.most}×): ${error.message}`)
  }

  #forget(component: string): void {
    this.#confined.delete(component)
    this.#offenders.forget(component)
  }
}
