import type { Call, LimitedWithin } from '../call/call.ts'
import { type CallEnding, type CallWatcher, type OutgoingHead, preciseNow } from '../call/course.ts'
import type { TraceContext } from '../call/trace-context.ts'
import type { CallSites } from './call-site.ts'
import type { EndedCalls } from './ended-calls.ts'

/** A call on one of its sides, from where it begins to where it is described. */
export class TracedCall implements CallWatcher, LimitedWithin {
  next: CallWatcher | undefined
  outer: LimitedWithin | undefined
  inner: LimitedWithin | undefined
  /** The one that ended after it, until both are described. */
  after: TracedCall | undefined
  readonly #ended: EndedCalls
  /** Which of its sides it is described from. */
  sites: CallSites
  readonly call: Call
  readonly trace: TraceContext
  /** Milliseconds since the epoch. */
  start = preciseNow()
  end = Number.NaN
  outcome: CallEnding | undefined
  /** What its HTTP client had seen when it failed: soon after it gets a status at any rate. */
  response: OutgoingHead | undefined

  constructor(
    { ended, sites }: { readonly ended: EndedCalls; readonly sites: CallSites },
    call: Call,
    trace: TraceContext,
  ) {
    this.#ended = ended
    this.sites = sites
    this.call = call
    this.trace = trace
  }

  giveUp(reason: unknown): void {
    this.call.course.failed(reason)
  }

  over(outcome: CallEnding, now: number): void {
    this.outcome = outcome
    const { course, limit } = this.call
    limit?.forget(this)
    course.leaving = undefined
    const { response } = course
    if (response && outcome.kind === 'failure') this.response = seenOf(response)
    this.end = now
    this.#ended.add(this)
  }
}

function seenOf({ headersSent, statusCode, destroyed }: OutgoingHead): OutgoingHead {
  return { headersSent, statusCode, destroyed }
}
