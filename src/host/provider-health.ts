import type { PublishEvent } from '../lattice/events.ts'
import type { Log } from '../log.ts'

/** Tells the lattice how the providers of this host are: each change, and `health_check_status` when nothing has changed. */
export class ProviderHealth {
  readonly #known = new Map<string, string | undefined>()
  readonly #parts: { readonly hostId: string; readonly publishEvent: PublishEvent; readonly log: Log }

  constructor(parts: { readonly hostId: string; readonly publishEvent: PublishEvent; readonly log: Log }) {
    this.#parts = parts
  }

  /** `problem` is what is wrong, for people; undefined when all is well. */
  report(provider: string, problem: string | undefined): void {
    const { hostId: host_id, publishEvent, log } = this.#parts
    const isNews = !this.#known.has(provider) || this.#known.get(provider) !== problem
    this.#known.set(provider, problem)
    if (problem === undefined) {
      publishEvent(isNews ? 'health_check_passed' : 'health_check_status', { host_id, provider_id: provider })
      return
    }
    if (isNews) log.error(`provider ${provider} is unhealthy: ${problem}`, { provider })
    const event = isNews ? 'health_check_failed' : 'health_check_status'
    publishEvent(event, { host_id, provider_id: provider, message: problem })
  }

  /** What is wrong with a provider; undefined when all is well, or nothing is known. */
  problemOf(provider: string): string | undefined {
    return this.#known.get(provider)
  }

  /** It was stopped; the next one with that id begins anew. */
  forget(provider: string): void {
    this.#known.delete(provider)
  }
}
