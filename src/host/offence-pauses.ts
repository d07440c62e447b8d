import { setTimeout as delay } from 'node:timers/promises'
import type { Call } from '../call/call.ts'
import { WeftError } from '../errors.ts'

/** What one offence costs. Taking a trap apart and telling of it keeps caches, pages and the collector's threads busy. */
const pauseMs = 20
/** However many offences there were, nobody waits longer for that. */
const longestMs = 1_000

/**
 * Lets a component that does harm again and again, and has a thread of its own by now, do so 50 times a second at most: each
 * offence puts off the calls that would begin next.
 */
export class OffencePauses {
  #until = 0

  offended(now = performance.now()): void {
    this.#until = Math.min(Math.max(this.#until, now) + pauseMs, now + longestMs)
  }

  /** Milliseconds until the next call may begin. */
  left(now = performance.now()): number {
    return Math.max(0, this.#until - now)
  }

  /** Settles when `call` may begin; undefined when it may at once. Rejects with what ends the call. */
  before({ signal }: Call): Promise<void> | undefined {
    return this.left() > 0 ? this.#wait(signal) : undefined
  }

  /** Of those that wait for the same moment one begins, and may offend again before the next one looks. */
  async #wait(signal: AbortSignal): Promise<void> {
    for (let left = this.left(); left > 0; left = this.left()) {
      await delay(left, undefined, { signal }).catch(() => {})
      if (signal.aborted) throw WeftError.from(signal.reason)
    }
  }
}
