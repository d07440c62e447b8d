import type { Call } from '../call/call.ts'
import { offAbort, onAbort } from '../call/call-abort.ts'
import type { CallEnding, CallWatcher, OutgoingHead } from '../call/course.ts'
import type { TraceContext } from '../call/trace-context.ts'
import type { CallSites } from './call-site.ts'
import type { EndedCalls } from './ended-calls.ts'

/** A call on one of its sides, from where it begins to where it is described. */
export class TracedCall implements CallWatcher {
  next: CallWatcher | undefined
  readonly #ended: EndedCalls
  #leave: (() => void) | undefined
  readonly sites: CallSites
  readonly call: Call
  readonly trace: TraceContext
  /** Milliseconds since the epoch. */
  readonly start: number
  end = 0
  outcome: CallEnding | undefined
  /** What its HTTP client had seen when it failed: soon after it gets a status at any rate. */
  response: OutgoingHead | undefined

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

  /** The call is over when its caller's signal is aborted, at the latest. */
  endWithCaller(): void {
    const { signal, course } = this.call
    this.#leave = () => course.failed(signal.reason)
    onAbort(signal, this.#leave)
  }

  over(outcome: CallEnding, now: number): void {
    this.outcome = outcome
    if (this.#leave) offAbort(this.call.signal, this.#leave)
    const { response } = this.call.course
    if (response && outcome.kind === 'failure') this.response = seenOf(response)
    this.end = now
    this.#ended.add(this)
  }
}

function seenOf({ headersSent, statusCode, destroyed }: OutgoingHead): OutgoingHead {
  return { headersSent, statusCode, destroyed }
}
