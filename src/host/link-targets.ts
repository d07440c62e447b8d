import type { ImportLink } from './thread-messages.ts'

/** Where the imports of one component lead, as the latest plan says. */
export class LinkTargets {
  #targets: ReadonlyMap<string, string | undefined> = new Map()
  /** Calls that wait for a link that was deleted a moment ago. */
  readonly #waiting = new Map<string, PromiseWithResolvers<string | undefined>>()

  constructor(links: readonly ImportLink[]) {
    this.put(links)
  }

  put(links: readonly ImportLink[]): void {
    this.#targets = new Map(links.map((link) => [keyOf(link.name, link.interface), link.target]))
    for (const [key, waiting] of this.#waiting) {
      if (this.#isMoving(key)) continue
      this.#waiting.delete(key)
      waiting.resolve(this.#targets.get(key))
    }
  }

  /**
   * The target of a link; undefined when there is none. While the link moves, a promise of what comes of it: the plan
   * that follows within a second says.
   */
  find(name: string, interfaceKey: string): string | undefined | Promise<string | undefined> {
    const key = keyOf(name, interfaceKey)
    if (!this.#isMoving(key)) return this.#targets.get(key)
    const waiting = this.#waiting.get(key) ?? Promise.withResolvers<string | undefined>()
    this.#waiting.set(key, waiting)
    return waiting.promise
  }

  /** No plan follows: links that move are not to come. */
  settle(): void {
    this.#targets = new Map([...this.#targets].filter(([, target]) => target !== undefined))
    for (const { resolve } of this.#waiting.values()) resolve(undefined)
    this.#waiting.clear()
  }

  #isMoving(key: string): boolean {
    return this.#targets.has(key) && this.#targets.get(key) === undefined
  }
}

function keyOf(name: string, interfaceKey: string): string {
  return `${name} ${interfaceKey}`
}
