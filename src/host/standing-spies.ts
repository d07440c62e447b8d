import type { Spy } from '../lattice/spy.ts'
import { mostSpies } from './spies.ts'

/** The spies that have not ended, for threads that begin later than they. */
export class StandingSpies {
  readonly #until = new Map<string, { readonly spy: Spy; readonly end: number }>()

  /** Begins, prolongs or ends one, as a thread does that is told of it. */
  put(spy: Spy): void {
    const now = performance.now()
    for (const [id, { end }] of this.#until) if (end <= now || id === spy.id) this.#until.delete(id)
    if (spy.forMs > 0 && this.#until.size < mostSpies) this.#until.set(spy.id, { spy, end: now + spy.forMs })
  }

  /** Each for the time that it has left. */
  current(): readonly Spy[] {
    const now = performance.now()
    return [...this.#until.values()].flatMap(({ spy, end }) =>
      end > now ? [{ ...spy, forMs: end - now }] : [],
    )
  }
}
