import { WeftError } from '../errors.ts'
import type { LateAccepts } from './late-accepts.ts'

export interface AcceptanceOptions {
  /** Tells the caller that its call was taken. */
  readonly publish: () => void
  /** When the caller stops waiting for that, milliseconds since the epoch; undefined when it waits for ever. */
  readonly acceptBy: number | undefined
  /** Told when it comes too late. */
  readonly onLate: (error: WeftError) => void
}

/** The accept of one call: it goes out once, never too late, and not at all when the answer is faster. */
export class Acceptance {
  readonly #options: AcceptanceOptions
  #late: LateAccepts | undefined
  #isOut = false
  readonly #accept = () => {
    try {
      this.now()
    } catch (error) {
      this.#options.onLate(WeftError.from(error))
    }
  }

  constructor(options: AcceptanceOptions) {
    this.#options = options
  }

  /** Sends it. Throws `cancelled` when the caller has sent the call elsewhere by now: it must not have an effect here. */
  now(): void {
    if (this.#isOut) return
    this.spare()
    this.#options.publish()
  }

  /** Sends it when the event loop has gone round, or now if too many wait for that. */
  soon(late: LateAccepts): void {
    if (late.defer(this.#accept)) this.#late = late
    else this.now()
  }

  /** The answer goes out at once and says it all. Throws as `now` does. */
  spare(): void {
    if (this.#isOut) return
    this.#isOut = true
    this.#late?.spared()
    const { acceptBy } = this.#options
    if (acceptBy === undefined || Date.now() <= acceptBy) return
    throw new WeftError('cancelled', 'the call was taken up too late: its caller has sent it elsewhere')
  }
}
