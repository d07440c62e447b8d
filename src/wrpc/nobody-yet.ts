import { setTimeout as delay } from 'node:timers/promises'
import type { Call } from '../call/call.ts'
import { preciseNow } from '../clock.ts'
import { WeftError } from '../errors.ts'
import type { CallEnd } from './call-end.ts'

/** NATS knows nobody who has subscribed for the call. */
export class NobodyServes extends WeftError {}

/**
 * Asked when nobody serves the target: tells that it runs, or is about to, so that another try is worth it; rejects with
 * what to fail with. The call's deadline bounds it.
 */
export type WhenNobody = (target: string, notFound: WeftError) => Promise<'running' | 'starting'>

/** Between two tries of a target that is said to run, while NATS still knows nobody who serves it. */
const firstPauseMs = 10
const longestPauseMs = 500
/**
 * So long a target may be said to run and not serve what it has served before: its host has died, and nobody has noticed
 * yet. What it has never served it most likely does not export; a start takes a moment to show everywhere.
 */
const unnoticedMs = 10_000
const startedMs = 300

/** Waits, within one call, for somebody who serves its target. */
export class NobodyYet {
  readonly #call: Call
  readonly #end: CallEnd
  readonly #whenNobody: WhenNobody | undefined
  readonly #patienceMs: number
  #pauseMs = 0
  /** Since when it is said to run. */
  #runningSince: number | undefined

  constructor(options: {
    readonly call: Call
    readonly end: CallEnd
    readonly whenNobody?: WhenNobody | undefined
    /** Whether the target has served this operation before. */
    readonly hasServed: boolean
  }) {
    this.#call = options.call
    this.#end = options.end
    this.#whenNobody = options.whenNobody
    this.#patienceMs = options.hasServed ? unnoticedMs : startedMs
  }

  async wait(notFound: NobodyServes): Promise<void> {
    if (!this.#whenNobody) throw notFound
    const start = preciseNow()
    if (this.#pauseMs > 0) await this.#end.within(delay(this.#pauseMs))
    const state = await this.#end.within(this.#whenNobody(this.#call.target, notFound))
    if (state === 'running') this.#checkPatience(notFound)
    else this.#runningSince = undefined
    this.#pauseMs =
      state === 'running' ? Math.min(Math.max(this.#pauseMs * 2, firstPauseMs), longestPauseMs) : 0
    this.#call.course.record({ name: 'woken', start, end: preciseNow() })
  }

  #checkPatience(notFound: NobodyServes): void {
    const now = performance.now()
    this.#runningSince ??= now
    if (now - this.#runningSince > this.#patienceMs) throw notFound
  }
}
