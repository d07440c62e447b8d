import type { Call } from '../call/call.ts'
import type { CallEnd, CallWatcher } from '../call/course.ts'
import type { TraceContext } from '../call/trace-context.ts'
import type { CallSites } from './call-site.ts'
import type { EndedCalls } from './ended-calls.ts'

/** A call on one of its sides, from where it begins to where it is described. */
export class TracedCall implements CallWatcher {
  next: CallWatcher | undefined
  readonly #ended: EndedCalls
  readonly sites: CallSites
  readonly call: Call
  readonly trace: TraceContext
  /** Milliseconds since the epoch. */
  readonly start: number
  end = 0
  outcome: CallEnd | undefined

  constructor(
    { ended, sites }: { readonly ended: EndedCalls; readonly sites: CallSites },
    { call, trace, start }: Pick<TracedCall, 'call' | 'trace' | 'start'>,
  ) {
    this.#ended = ended
    this.sites = sites
    this.call = call
    this.trace = trace
    this.start = start
  }

  over(outcome: CallEnd, now: number): void {
    this.outcome = outcome
    this.end = now
    this.#ended.add(this)
  }
}
