/**
 * How many calls may begin before they are accepted. Guests take turns of 5 ms, so that even so many leave the accepts
 * well within the second that callers wait for them.
 */
const most = 64

/**
 * Accepts that wait until the event loop has gone round: a call that is answered by then needs none, and costs two
 * messages instead of three.
 */
export class LateAccepts {
  #waiting: (() => void)[] = []
  #count = 0

  /** Calls `accept` soon; false when too many wait already. */
  defer(accept: () => void): boolean {
    if (this.#count >= most) return false
    if (this.#waiting.length === 0) setImmediate(() => this.#acceptAll())
    this.#waiting.push(accept)
    this.#count += 1
    return true
  }

  /** One that waits has nothing to do any more. */
  spared(): void {
    this.#count -= 1
  }

  #acceptAll(): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#count = 0
    for (const accept of waiting) accept()
  }
}
