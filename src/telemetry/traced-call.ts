import type { Call, LimitedWithin } from '../call/call.ts'
import type { CallWatcher, OutgoingHead } from '../call/course.ts'
import type { TraceContext } from '../call/trace-context.ts'
import { preciseNow } from '../clock.ts'
import type { CallSites } from './call-site.ts'
import type { EndedCalls } from './ended-calls.ts'

/** From which of its sides a call is seen, and who measures and describes it. */
export interface SeenFrom {
  readonly sites: CallSites
  readonly ended: EndedCalls
}

/** How a call came back. `brokeOff` is what its body failed with after the answer. */
export type CallEnding =
  | { readonly kind: 'answer'; readonly answer: unknown; readonly brokeOff: unknown }
  | { readonly kind: 'failure'; readonly thrown: unknown }

/** How and when a call was over. */
export interface TracedEnding {
  readonly traced: TracedCall
  readonly outcome: CallEnding
  /** Milliseconds since the epoch. */
  readonly end: number
  /** What its HTTP client had seen when it failed: soon after it gets a status at any rate. */
  readonly response: OutgoingHead | undefined
  /** The one that came after it, until both are described. */
  after: TracedEnding | undefined
}

/**
 * A call on one of its sides, from where it begins to where it is described, or measured where it has no span. One class for
 * both: two would make all who meet them slower.
 */
export class TracedCall implements CallWatcher, LimitedWithin {
  next: CallWatcher | undefined
  outer: LimitedWithin | undefined
  inner: LimitedWithin | undefined
  seenFrom: SeenFrom
  readonly call: Call
  /** The span that it was made under. */
  readonly parent: TraceContext | undefined
  /** Its own, under which it goes on. */
  readonly trace: TraceContext

  /** To be made before `call` goes under `trace`. */
  constructor(seenFrom: SeenFrom, call: Call, trace: TraceContext) {
    this.seenFrom = seenFrom
    this.call = call
    this.parent = call.context.trace
    this.trace = trace
    call.course.begun ??= preciseNow()
  }

  /** Milliseconds since the epoch. */
  get start(): number {
    return this.call.course.begun ?? 0
  }

  giveUp(reason: unknown): void {
    this.call.course.failed(reason)
  }

  answered(answer: unknown, brokeOff: unknown, now: number): void {
    this.#forget()
    const { ended } = this.seenFrom
    if (this.trace.sampled)
      ended.add({
        traced: this,
        outcome: { kind: 'answer', answer, brokeOff },
        end: now,
        response: undefined,
        after: undefined,
      })
    else if (brokeOff === undefined) ended.measureAnswer(this, answer, now)
    else ended.measureFailure(this, brokeOff, now)
  }

  failed(thrown: unknown, now: number): void {
    this.#forget()
    const { ended } = this.seenFrom
    if (!this.trace.sampled) {
      ended.measureFailure(this, thrown, now)
      return
    }
    const { response } = this.call.course
    ended.add({
      traced: this,
      outcome: { kind: 'failure', thrown },
      end: now,
      response: response && seenOf(response),
      after: undefined,
    })
  }

  #forget(): void {
    const { course, limit } = this.call
    limit?.forget(this)
    course.leaving = undefined
  }
}

function seenOf({ headersSent, statusCode, destroyed }: OutgoingHead): OutgoingHead {
  return { headersSent, statusCode, destroyed }
}
