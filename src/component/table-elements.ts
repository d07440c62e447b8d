import { WeftError } from '../errors.ts'
import type { Instance } from './instance.ts'

/** Counts the elements of all tables of one instance, which together stay within a limit. */
export class TableElements {
  readonly #most: number
  readonly #instance: Pick<Instance, 'limitHit'>
  #now = 0

  constructor(most: number, instance: Pick<Instance, 'limitHit'>) {
    this.#most = most
    this.#instance = instance
  }

  /** A core module is about to be instantiated, with tables of so many elements in all. */
  begin(elements: number): void {
    this.#now += elements
    if (this.#now <= this.#most) return
    const message = `the component's tables begin with ${this.#now} elements, its limit is ${this.#most}`
    throw new WeftError('exhausted', message, { limit: 'tables' })
  }

  /**
   * A guest wants a table of `size` elements, `maximum` of them by its own type, to grow by `by`. Gives by how many it may
   * try: as many, or more than any table takes, and the guest's `table.grow` gives -1.
   */
  readonly grow = (by: number, size: number, maximum: number): number => {
    const wanted = by >>> 0
    // What the table's own type forbids is no matter of the limit.
    if ((size >>> 0) + wanted > maximum >>> 0) return by
    if (this.#now + wanted > this.#most) {
      this.#instance.limitHit('tables')
      return tooMany
    }
    this.#now += wanted
    return by
  }
}

const tooMany = -1
