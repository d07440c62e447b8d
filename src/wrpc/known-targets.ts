import type { Operation } from '../call/call.ts'

/** How many targets are remembered, and how many functions of each. */
const most = 10_000

interface Known {
  readonly isWeft: boolean
  readonly served: Set<Operation['function']>
}

/**
 * What is known of those who have taken calls to a target so far. One that was ever not Weft stays so: a queue group may
 * have servers of both kinds.
 */
export class KnownTargets {
  readonly #targets = new Map<string, Known>()

  /** Undefined: nobody has taken a call yet. */
  isWeft(target: string): boolean | undefined {
    return this.#targets.get(target)?.isWeft
  }

  /** Whether the target has ever taken this very operation. */
  hasServed(target: string, { function: fn }: Operation): boolean {
    return this.#targets.get(target)?.served.has(fn) === true
  }

  /** Told of each call that was taken. */
  took(target: string, { function: fn }: Operation, { byWeft }: { readonly byWeft: boolean }): void {
    const before = this.#targets.get(target)
    if (before && before.served.size < most) before.served.add(fn)
    const isWeft = before?.isWeft === false ? false : byWeft
    if (before ? before.isWeft !== isWeft : this.#targets.size < most)
      this.#targets.set(target, { isWeft, served: before?.served ?? new Set([fn]) })
  }
}
