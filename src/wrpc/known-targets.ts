/** How many targets are remembered. */
const most = 10_000

/**
 * What kind of server has taken calls to a target so far. One that was ever not Weft stays so: a queue group may have
 * servers of both kinds.
 */
export class KnownTargets {
  readonly #isWeft = new Map<string, boolean>()

  /** Undefined: nobody has taken a call yet. */
  isWeft(target: string): boolean | undefined {
    return this.#isWeft.get(target)
  }

  took(target: string, byWeft: boolean): void {
    if (this.#isWeft.get(target) === false) return
    if (this.#isWeft.size < most || this.#isWeft.has(target)) this.#isWeft.set(target, byWeft)
  }
}
