/** Pauses that can be cut short: a ring ends the pause that is, or else the next one. */
export class Bell {
  #wasRung = false
  #end: (() => void) | undefined

  ring(): void {
    if (this.#end) this.#end()
    else this.#wasRung = true
  }

  /** Settles after `ms`, at a ring, or when `signal` aborts. One pause at a time. */
  pause(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, this.#wasRung || signal.aborted ? 0 : ms).unref()
    this.#wasRung = false
    this.#end = resolve
    signal.addEventListener('abort', () => resolve(), { once: true })
    return promise.finally(() => {
      clearTimeout(timer)
      this.#end = undefined
    })
  }
}
