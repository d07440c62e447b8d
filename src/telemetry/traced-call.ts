import type { Call, LimitedWithin } from '../call/call.ts'
import type { CallEnding, CallWatcher, OutgoingHead } from '../call/course.ts'
import type { TraceContext } from '../call/trace-context.ts'
import { preciseNow } from '../clock.ts'
import type { CallSites } from './call-site.ts'
import type { EndedCalls } from './ended-calls.ts'

/** From which of its sides a call is seen, and who describes it. */
export interface SeenFrom {
  readonly sites: CallSites
  readonly ended: EndedCalls
}

/** How and when a call was over. */
export interface TracedEnding {
  readonly outcome: CallEnding
  /** Milliseconds since the epoch. */
  readonly end: number
  /** What its HTTP client had seen when it failed: soon after it gets a status at any rate. */
  readonly response: OutgoingHead | undefined
}

/** A call on one of its sides, from where it begins to where it is described. */
export class TracedCall implements CallWatcher, LimitedWithin {
  next: CallWatcher | undefined
  outer: LimitedWithin | undefined
  inner: LimitedWithin | undefined
  /** The one that ended after it, until both are described. */
  after: TracedCall | undefined
  seenFrom: SeenFrom
  readonly call: Call
  readonly trace: TraceContext
  /** Milliseconds since the epoch. */
  readonly start: number
  ending: TracedEnding | undefined

  constructor(seenFrom: SeenFrom, call: Call, trace: TraceContext) {
    this.seenFrom = seenFrom
    this.call = call
    this.trace = trace
    const { course } = call
    course.begun ??= preciseNow()
    this.start = course.begun
  }

  giveUp(reason: unknown): void {
    this.call.course.failed(reason)
  }

  over(outcome: CallEnding, end: number): void {
    const { course, limit } = this.call
    limit?.forget(this)
    course.leaving = undefined
    const { ended } = this.seenFrom
    if (!this.trace.sampled) {
      ended.measure(this, outcome, end)
      return
    }
    const response = outcome.kind === 'failure' && course.response ? seenOf(course.response) : undefined
    ended.add(this, { outcome, end, response })
  }
}

function seenOf({ headersSent, statusCode, destroyed }: OutgoingHead): OutgoingHead {
  return { headersSent, statusCode, destroyed }
}
