import { performance } from 'node:perf_hooks'

/** How often a clock looks whether the system slept, in milliseconds. */
const lookEveryMs = 1000
/** So much later than expected, the system slept or its clock was set; less is its usual drift. */
const leastSleepMs = 1000

/**
 * Milliseconds since the epoch with sub-millisecond resolution. It never goes back, whatever becomes of the system's clock,
 * and catches up with that about a second after a sleep, in which the monotonic clock stands still.
 */
class Clock {
  #origin = performance.timeOrigin
  #lookAt = 0

  now(): number {
    const passed = performance.now()
    if (passed >= this.#lookAt) this.#look(passed)
    return this.#origin + passed
  }

  #look(passed: number): void {
    this.#lookAt = passed + lookEveryMs
    const behind = Date.now() - (this.#origin + passed)
    if (behind > leastSleepMs) this.#origin += behind
  }
}

const clock = new Clock()

/** Now, by the clock of this thread: see `Clock`. */
export function preciseNow(): number {
  return clock.now()
}
