/** Where something was put: a token that no other will ever have. */
export interface Slot {
  readonly token: string
  free(): void
}

interface Kept<T> {
  readonly token: string
  readonly value: T
}

/**
 * What comes and goes with every call, found by token. A Map would do, but each time that it makes itself room, its old
 * table keeps alive what was in it until the next full collection: with every call in it, that is all garbage.
 */
export class Slots<T> {
  readonly #kept: (Kept<T> | undefined)[] = []
  readonly #free: number[] = []
  #serial = 0

  get size(): number {
    return this.#kept.length - this.#free.length
  }

  put(value: T): Slot {
    const at = this.#free.pop() ?? this.#kept.length
    const token = `${at.toString(36)}-${(this.#serial++).toString(36)}`
    this.#kept[at] = { token, value }
    return { token, free: () => this.#release(at, token) }
  }

  get(token: string): T | undefined {
    const kept = this.#kept[Number.parseInt(token, 36)]
    return kept?.token === token ? kept.value : undefined
  }

  /** Takes everything out. */
  takeAll(): readonly T[] {
    const all = this.#kept.flatMap((kept) => (kept === undefined ? [] : [kept]))
    for (const { token } of all) this.#release(Number.parseInt(token, 36), token)
    return all.map(({ value }) => value)
  }

  #release(at: number, token: string): void {
    if (this.#kept[at]?.token !== token) return
    this.#kept[at] = undefined
    this.#free.push(at)
  }
}
