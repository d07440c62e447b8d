interface Kept<T> {
  readonly one: T
  readonly bytes: number
}

/** What is kept for whoever wants one next: the one that came last goes first, and those that nobody wanted go for good. */
export class Stock<T> {
  readonly #kept: Kept<T>[] = []
  #bytes = 0
  /** The fewest that were there at once since the last look: so many were not wanted. */
  #unwanted = 0

  get length(): number {
    return this.#kept.length
  }

  /** What all of them take up. */
  get bytes(): number {
    return this.#bytes
  }

  /** `bytes` is what it takes up for as long as it is kept. */
  put(one: T, bytes: number): void {
    this.#kept.push({ one, bytes })
    this.#bytes += bytes
  }

  take(): T | undefined {
    const kept = this.#kept.pop()
    this.#unwanted = Math.min(this.#unwanted, this.#kept.length)
    if (!kept) return undefined
    this.#bytes -= kept.bytes
    return kept.one
  }

  /** Takes out those that nobody has wanted since the last time that this was asked. */
  takeUnwanted(): readonly T[] {
    const unwanted = this.#takeFirst(this.#unwanted)
    this.#unwanted = this.#kept.length
    return unwanted
  }

  takeAll(): readonly T[] {
    this.#unwanted = 0
    return this.#takeFirst(this.#kept.length)
  }

  #takeFirst(many: number): readonly T[] {
    const taken = this.#kept.splice(0, many)
    for (const { bytes } of taken) this.#bytes -= bytes
    return taken.map(({ one }) => one)
  }
}
