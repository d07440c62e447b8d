import { jspi } from './jspi.ts'
import type { Pace } from './pace.ts'

/**
 * Lets what a guest imports answer at once, and suspends the guest's stack only for what it has to wait for: suspending
 * costs as much as many calls, also for a promise that has settled.
 */
export class Later {
  readonly #pace: Pace
  #left: Promise<unknown> | undefined
  /** What instrumented modules call, right after an import left a promise; they suspend until it settles. */
  readonly wait = new jspi.Suspending(() => {
    const left = this.#left
    this.#left = undefined
    return left
  })

  constructor(pace: Pace) {
    this.#pace = pace
  }

  /** An import gives this in place of its result, which the promise will give. */
  readonly leave: Leave = (promise) => {
    this.#left = promise
    this.#pace.left()
    return anyZero
  }
}

/** Turns the promise of a result into what is given to a guest that may wait. */
export type Leave = (promise: Promise<unknown>) => unknown

/** A guest whose stack is suspended by the import itself is given the promise. */
export const suspendNow: Leave = (promise) => promise

/** Becomes 0 in each type that a guest's function gives: numbers don't become 64-bit integers, nor those numbers. */
const anyZero = false
