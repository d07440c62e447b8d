/** So many times within so many milliseconds. */
export interface LossBudget {
  readonly most: number
  readonly windowMs: number
}

/** Lets something happen so many times within a window of time, and then no more until the window has passed. */
export class RestartBudget {
  readonly #most: number
  readonly #windowMs: number
  readonly #times: number[] = []

  constructor({ most, windowMs }: LossBudget) {
    this.#most = most
    this.#windowMs = windowMs
  }

  /** True, and counted, while the budget lasts. `now` in milliseconds. */
  take(now = performance.now()): boolean {
    while (this.#times.length > 0 && now - (this.#times[0] ?? now) >= this.#windowMs) this.#times.shift()
    if (this.#times.length >= this.#most) return false
    this.#times.push(now)
    return true
  }
}
