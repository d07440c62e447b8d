import type { ConfinedThreads } from './confined-threads.ts'
import type { Thread } from './thread.ts'
import type { PlanFailure, PlanOutcome, ThreadPlan } from './thread-messages.ts'

/** Brings the threads of a host to its plans: one round after the other, in each the first thread before the others. */
export class PlanRounds {
  readonly #shared: () => readonly Thread[]
  readonly #confined: Pick<ConfinedThreads, 'apply' | 'has'>
  #latest: ThreadPlan = { components: [], providers: [] }
  /** Providers with the links that all threads have. */
  #held: ThreadPlan['providers'] = []
  #last: Promise<unknown> = Promise.resolve()

  /** `shared` are the threads that components share, the first one in front. */
  constructor(shared: () => readonly Thread[], confined: Pick<ConfinedThreads, 'apply' | 'has'>) {
    this.#shared = shared
    this.#confined = confined
  }

  /** What the threads are to be like. */
  get latest(): ThreadPlan {
    return this.#latest
  }

  /** Settles when every thread has confirmed that it is like the plan, with what could not be brought there. */
  apply(plan: ThreadPlan): Promise<readonly PlanFailure[]> {
    this.#latest = plan
    const failures = this.#last.then(() => this.#round())
    this.#last = failures.catch(() => {})
    return failures
  }

  /**
   * The first thread goes ahead: it finds out what can only fail for the host as a whole, such as a port that another
   * program holds; the others leave that out.
   */
  async #round(): Promise<readonly PlanFailure[]> {
    const shared = this.#sharedPlan()
    const alone = await this.#confined.apply(this.#latest)
    const [first, ...others] = this.#shared()
    // A successor takes on what the other threads have gone on with before it tries what is new.
    if (first?.isIdle && first.init.isReplacement) await first.apply({ ...shared, providers: this.#held })
    const ahead = await first?.apply(shared)
    // It was lost, and its successor has tried nothing yet.
    if (this.#shared()[0] !== first) return this.#round()
    const left = withoutLinks(shared, ahead?.refusedLinks ?? [])
    const rest = await Promise.all(others.map((thread) => thread.apply(left)))
    this.#held = left.providers
    const failures = [
      ...(ahead?.failures ?? []),
      ...[...alone, ...rest].flatMap((outcome) => outcome.failures),
    ]
    return failures.filter((one, at) => failures.findIndex((other) => other.id === one.id) === at)
  }

  #sharedPlan(): ThreadPlan {
    const components = this.#latest.components.filter(({ id }) => !this.#confined.has(id))
    return { ...this.#latest, components }
  }
}

function withoutLinks(plan: ThreadPlan, refused: PlanOutcome['refusedLinks']): ThreadPlan {
  if (refused.length === 0) return plan
  const texts = new Set(refused.map((link) => JSON.stringify(link)))
  return {
    ...plan,
    providers: plan.providers.map((provider) => ({
      ...provider,
      links: provider.links.filter((link) => !texts.has(JSON.stringify(link))),
    })),
  }
}
