import { jspi } from './jspi.ts'

/** How long a guest may run where it can't wait, in milliseconds: nothing else on its thread runs meanwhile. */
const mostHeldMs = 2_000

const returning = 'its realloc or post-return function'

/** Tells when a guest runs where its stack can't be suspended: in its start function, a destructor, realloc, post-return. */
export class Confines {
  #where: string | undefined
  #mayLeave = true
  /** When the guest was first seen to hold its thread there. */
  #since: number | undefined

  /** Undefined where the guest can wait. */
  get where(): string | undefined {
    return this.#mayLeave ? this.#where : returning
  }

  /** True within `quiet` functions: the guest may call nothing. */
  get isQuiet(): boolean {
    return !this.#mayLeave
  }

  /** Runs `work` of the guest, which can't wait meanwhile. */
  within(where: string, work: () => void): void {
    const before = this.#where
    this.#where = where
    try {
      work()
    } catch (error) {
      throw cannotWait(error, where)
    } finally {
      this.#where = before
      this.#since = undefined
    }
  }

  /** A function of the guest during which it may not call out, either. */
  quiet<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
    return (...args) => {
      this.#mayLeave = false
      try {
        return fn(...args)
      } catch (error) {
        throw cannotWait(error, returning)
      } finally {
        this.#mayLeave = true
        this.#since = undefined
      }
    }
  }

  /** The guest asks whether to go on: no, when it has held its thread up for too long. */
  holdsUp(now: number): boolean {
    if (this.where === undefined) return false
    this.#since ??= now
    return now - this.#since > mostHeldMs
  }
}

/** The engine refuses to suspend a stack that was not made for it before the import is even called. */
function cannotWait(error: unknown, where: string): unknown {
  if (!(error instanceof jspi.SuspendError)) return error
  const told = new WebAssembly.RuntimeError(
    `the guest called an import that may wait in ${where}, which can't`,
  )
  // Where in the guest.
  told.stack = error.stack ?? ''
  return told
}
