/** Lets one at a time into a component instance, in the order in which they came. */
export class Lock {
  #held = false
  readonly #waiting: (() => void)[] = []

  /** Undefined when the lock was free and is now held. */
  acquire(): Promise<void> | undefined {
    if (!this.#held) {
      this.#held = true
      return undefined
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  release(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#held = false
  }
}
