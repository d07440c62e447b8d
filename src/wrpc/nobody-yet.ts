import { setTimeout as delay } from 'node:timers/promises'
import type { Call } from '../call/call.ts'
import { preciseNow } from '../call/course.ts'
import { WeftError } from '../errors.ts'
import type { CallEnd } from './call-end.ts'

/** NATS knows nobody who has subscribed for the call. */
export class NobodyServes extends WeftError {}

/**
 * Asked when nobody serves the target: settles when it is worth another try, rejects with what to fail with. The call's
 * deadline bounds it.
 */
export type WhenNobody = (target: string, notFound: WeftError) => Promise<void>

/** Between two tries of a target that is said to run, while NATS still knows nobody who serves it. */
const firstPauseMs = 10
const longestPauseMs = 500
const promptMs = 100

/** Waits, within one call, for somebody who serves its target. */
export class NobodyYet {
  readonly #call: Call
  readonly #end: CallEnd
  readonly #whenNobody: WhenNobody | undefined
  #pauseMs = 0

  constructor(options: {
    readonly call: Call
    readonly end: CallEnd
    readonly whenNobody?: WhenNobody | undefined
  }) {
    this.#call = options.call
    this.#end = options.end
    this.#whenNobody = options.whenNobody
  }

  async wait(notFound: NobodyServes): Promise<void> {
    if (!this.#whenNobody) throw notFound
    const start = preciseNow()
    if (this.#pauseMs > 0) await this.#end.within(delay(this.#pauseMs))
    const askedAt = performance.now()
    await this.#end.within(this.#whenNobody(this.#call.target, notFound))
    // An answer that took its time was worth waiting for; one that came at once may be old news.
    const isPrompt = performance.now() - askedAt < promptMs
    this.#pauseMs = isPrompt ? Math.min(Math.max(this.#pauseMs * 2, firstPauseMs), longestPauseMs) : 0
    this.#call.course.record({ name: 'woken', start, end: preciseNow() })
  }
}
