/** What is kept for whoever wants one next: the one that came last goes first, and those that nobody wanted go for good. */
export class Stock<T> {
  readonly #kept: T[] = []
  /** The fewest that were there at once since the last look: so many were not wanted. */
  #unwanted = 0

  get length(): number {
    return this.#kept.length
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#kept[Symbol.iterator]()
  }

  put(one: T): void {
    this.#kept.push(one)
  }

  take(): T | undefined {
    const one = this.#kept.pop()
    this.#unwanted = Math.min(this.#unwanted, this.#kept.length)
    return one
  }

  /** Takes out those that nobody has wanted since the last time that this was asked. */
  takeUnwanted(): readonly T[] {
    const unwanted = this.#kept.splice(0, this.#unwanted)
    this.#unwanted = this.#kept.length
    return unwanted
  }

  takeAll(): readonly T[] {
    this.#unwanted = 0
    return this.#kept.splice(0)
  }
}
