type Outcome<T> = { readonly value: T } | { readonly reason: unknown }

/** A promise that is made when somebody asks for it: of many things nobody wants to know how they end. */
export class Settlement<T> {
  #outcome: Outcome<T> | undefined
  #made: PromiseWithResolvers<T> | undefined

  /** Nobody has to listen for its rejection. */
  get promise(): Promise<T> {
    if (!this.#made) {
      this.#made = Promise.withResolvers<T>()
      this.#made.promise.catch(() => {})
      this.#tell()
    }
    return this.#made.promise
  }

  resolve(value: T): void {
    this.#outcome ??= { value }
    this.#tell()
  }

  reject(reason: unknown): void {
    this.#outcome ??= { reason }
    this.#tell()
  }

  #tell(): void {
    if (!this.#outcome || !this.#made) return
    if ('value' in this.#outcome) this.#made.resolve(this.#outcome.value)
    else this.#made.reject(this.#outcome.reason)
  }
}
