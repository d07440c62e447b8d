import { WeftError } from '../errors.ts'

/** What answers the calls of a session for one target. */
export interface Pinned {
  /** The component that does, as it was loaded. */
  readonly component: object
  /** Nobody holds the resource any more. */
  dispose(resource: unknown): void
  end(): void
}

/**
 * Calls that one invocation makes and that belong together, because resources pass between them: for each target they are
 * answered by one and the same instance on this thread, one after the other, until the invocation is over.
 */
export class CallSession {
  readonly #pinned = new Map<string, Pinned>()
  #last: Promise<unknown> = Promise.resolve()
  #isOver = false

  /** Undefined until the target has answered its first call. Throws when another component has taken its place. */
  pinned(target: string, component: object): Pinned | undefined {
    const known = this.#pinned.get(target)
    if (known && known.component !== component)
      throw new WeftError('unavailable', `component ${target} was replaced while its resources were in use`)
    return known
  }

  pin(target: string, pinned: Pinned): void {
    this.#pinned.set(target, pinned)
  }

  /** Makes a call when those before it are over. */
  inTurn<T>(call: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(call)
    this.#last = turn.catch(() => {})
    return turn
  }

  dispose(target: string, resource: unknown): void {
    if (!this.#isOver) this.#pinned.get(target)?.dispose(resource)
  }

  /** The invocation is over, and with it whatever its resources were. */
  end(): void {
    this.#isOver = true
    for (const pinned of this.#pinned.values()) pinned.end()
    this.#pinned.clear()
  }
}
