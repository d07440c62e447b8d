import type { Instance } from './instance.ts'
import { jspi } from './jspi.ts'
import type { Task } from './task.ts'

/**
 * Lets what a guest imports answer at once, and suspends the guest's stack only for what it has to wait for: suspending
 * costs as much as many calls, also for a promise that has settled.
 */
export class Later {
  readonly #instance: Pick<Instance, 'current' | 'pace'>
  #left: Promise<unknown> | undefined
  /** What instrumented modules call, right after an import left a promise; they suspend until it settles. */
  readonly wait = new jspi.Suspending(() => {
    const left = this.#left
    this.#left = undefined
    return left
  })

  constructor(instance: Pick<Instance, 'current' | 'pace'>) {
    this.#instance = instance
  }

  /** An import gives this in place of its result, which the promise will give while the guest's task can go on. */
  readonly leave: Leave = (promise) => {
    const { current, pace } = this.#instance
    // The engine never frees a stack that stays suspended, nor what its guest holds.
    this.#left = current ? stoppable(current, promise) : promise
    pace.left()
    return anyZero
  }
}

function stoppable(task: Task, promise: Promise<unknown>): Promise<unknown> {
  const { life } = task
  return new Promise((resolve, reject) => {
    const stop = () => reject(life.over?.reason)
    life.onEnd(stop)
    promise.then(
      (value) => {
        life.offEnd(stop)
        resolve(value)
      },
      (reason: unknown) => {
        life.offEnd(stop)
        reject(reason)
      },
    )
  })
}

/** Turns the promise of a result into what is given to a guest that may wait. */
export type Leave = (promise: Promise<unknown>) => unknown

/** A guest whose stack is suspended by the import itself is given the promise. */
export const suspendNow: Leave = (promise) => promise

/** Becomes 0 in each type that a guest's function gives: numbers don't become 64-bit integers, nor those numbers. */
const anyZero = false
