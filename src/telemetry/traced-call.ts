import type { Call } from '../call/call.ts'
import type { CallWatcher, OutgoingHead } from '../call/course.ts'
import type { BegunSpan, TraceContext } from '../call/trace-context.ts'
import type { CallHalf } from './call-half.ts'

/** A call with a span on one of its sides. */
export class TracedCall implements CallWatcher {
  /** Changes where it turns out that one span tells of both sides. */
  half: CallHalf
  readonly call: Call
  /** The span that it was made under. */
  readonly parent: TraceContext | undefined
  /** Its own, under which it goes on. */
  readonly trace: BegunSpan
  /** What its HTTP client had seen when it failed: soon after it gets a status at any rate. */
  response: OutgoingHead | undefined
  /** The one that was over after it, until both are described. */
  after: TracedCall | undefined

  /** To be made before `call` goes under `trace`. */
  constructor(half: CallHalf, call: Call, trace: BegunSpan) {
    this.half = half
    this.call = call
    this.parent = call.context.trace
    this.trace = trace
  }

  over({ course: { ending, response } }: Call): void {
    if (ending === 'failed' && response) this.response = seenOf(response)
    this.half.ended.add(this)
  }
}

function seenOf({ headersSent, statusCode, destroyed }: OutgoingHead): OutgoingHead {
  return { headersSent, statusCode, destroyed }
}
