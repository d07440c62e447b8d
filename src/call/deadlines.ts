import { preciseNow } from '../clock.ts'
import { timerMs } from '../timer-ms.ts'

/** Something that ends at a deadline. */
export interface Limited {
  /** Milliseconds since the epoch by `preciseNow`; one that is no number has passed. */
  readonly deadline: number
  /** Called once, when the deadline has passed; must not throw. */
  expire(): void
  /** Its place among those that are watched; for `Deadlines`. */
  place: number | undefined
}

/**
 * Watches deadlines with one timer. Hardly any is ever reached: a timer for each would cost more than all else here. It
 * goes off at the earliest deadline there was when it was set, looks who is late, and is set to the earliest of the rest.
 */
export class Deadlines {
  readonly #watched: Limited[] = []
  #timer: NodeJS.Timeout | undefined
  #goesOffAt = Number.POSITIVE_INFINITY

  watch(limited: Limited): void {
    limited.place = this.#watched.push(limited) - 1
    const due = dueAt(limited)
    if (due < this.#goesOffAt) this.#set(due)
    else if (this.#watched.length === 1) this.#timer?.ref()
  }

  forget(limited: Limited): void {
    const { place } = limited
    if (place === undefined) return
    limited.place = undefined
    const last = this.#watched.pop()
    if (last && last !== limited) {
      this.#watched[place] = last
      last.place = place
    }
    // A process need not wait for a deadline that nothing has.
    if (this.#watched.length === 0) this.#timer?.unref()
  }

  #set(deadline: number): void {
    clearTimeout(this.#timer)
    this.#goesOffAt = deadline
    this.#timer = setTimeout(() => this.#look(), timerMs(deadline - preciseNow()))
  }

  #look(): void {
    const now = preciseNow()
    this.#goesOffAt = Number.POSITIVE_INFINITY
    try {
      for (const limited of this.#watched.filter((each) => dueAt(each) <= now)) {
        if (limited.place === undefined) continue
        this.forget(limited)
        limited.expire()
      }
    } finally {
      // Those that are late still, because one threw, are next.
      let earliest = Number.POSITIVE_INFINITY
      for (const limited of this.#watched) earliest = Math.min(earliest, dueAt(limited))
      if (earliest < this.#goesOffAt) this.#set(earliest)
    }
  }
}

function dueAt({ deadline }: Limited): number {
  return Number.isNaN(deadline) ? Number.NEGATIVE_INFINITY : deadline
}
