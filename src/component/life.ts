/**
 * How long what a guest holds open is of use: one invocation, or several where an instance keeps it. Most lives end with
 * nobody left to tell, so that the `AbortSignal`, which costs more than all else here, is made for those who need one.
 */
export class Life {
  #over: { readonly reason: unknown } | undefined
  #controller: AbortController | undefined
  #told: (() => void)[] = []

  /** Why it ended; undefined while it lasts. */
  get over(): { readonly reason: unknown } | undefined {
    return this.#over
  }

  /** Throws why it ended. */
  throwIfOver(): void {
    if (this.#over) throw this.#over.reason
  }

  /** Aborted at its end. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#over) this.#controller.abort(this.#over.reason)
    }
    return this.#controller.signal
  }

  /** `tell` is called once, at its end; at once when it is over. */
  onEnd(tell: () => void): void {
    if (this.#over) tell()
    else this.#told.push(tell)
  }

  offEnd(tell: () => void): void {
    const at = this.#told.indexOf(tell)
    if (at >= 0) this.#told.splice(at, 1)
  }

  end(reason: unknown): void {
    if (this.#over) return
    this.#over = { reason }
    for (const tell of this.#told.splice(0)) tell()
    this.#controller?.abort(reason)
  }
}
