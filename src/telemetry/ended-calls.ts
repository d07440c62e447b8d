import type { Call } from '../call/call.ts'
import type { OutgoingHead } from '../call/course.ts'
import { statusOfFailure } from '../capability/http-status.ts'
import { WeftError } from '../errors.ts'
import { failureOutcome, labelOfAnswer } from './call-outcome.ts'
import { answerPart, ownFields, sharedPart } from './call-parts.ts'
import type { CallSite, CallSites } from './call-site.ts'
import { measureCall } from './measure-call.ts'
import type { Measurements } from './measurements.ts'
import { attributeNames as names } from './names.ts'
import { type SpanDraft, type SpanFields, SpanPart } from './span-draft.ts'
import { timingSpans } from './timing-spans.ts'
import type { TracedCall } from './traced-call.ts'

export interface EndedCallsOptions {
  /** Takes each finished span; must not throw. */
  readonly record: (span: SpanDraft) => void
  /** Where durations are measured; left out, they are not. */
  readonly measurements: Measurements | undefined
}

/** As many calls as this make it worth while to describe them. */
const enough = 32
/**
 * Until then they wait for others, in milliseconds. With what the buffer of their spans waits (`span-buffer.ts`) it is less
 * than half a second, for which who asks for the latest trace waits.
 */
const waitMs = 40

/**
 * Measures calls that are over and makes their spans. A call without a span is measured at once. The others wait: many in a
 * row cost less than each by itself amid all the rest that a call needs, and where few are sampled several times less.
 */
export class EndedCalls {
  readonly #record: EndedCallsOptions['record']
  readonly #measurements: Measurements | undefined
  /** Those that wait are a chain by themselves: a list would grow anew each time. */
  #first: TracedCall | undefined
  #last: TracedCall | undefined
  #waiting = 0
  #timer: NodeJS.Timeout | undefined
  readonly #settle = () => this.settle()

  constructor({ record, measurements }: EndedCallsOptions) {
    this.#record = record
    this.#measurements = measurements
  }

  /** Takes a call that has no span. */
  measure(call: Call, sites: CallSites): void {
    if (!this.#measurements) return
    try {
      measureCall(call, { site: sites.byIds(call), trace: undefined }, this.#measurements)
    } catch {
      this.#lost()
    }
  }

  /** Takes one that has. */
  add(traced: TracedCall): void {
    if (this.#last) this.#last.after = traced
    else {
      this.#first = traced
      this.#timer = setTimeout(this.#settle, waitMs).unref()
    }
    this.#last = traced
    this.#waiting += 1
    if (this.#waiting === enough) setImmediate(this.#settle)
  }

  /** Makes the spans of all that wait now. */
  settle(): void {
    let traced = this.#first
    this.#first = undefined
    this.#last = undefined
    this.#waiting = 0
    clearTimeout(this.#timer)
    while (traced) {
      const { after }: TracedCall = traced
      // One that is old by now would keep all that came after it.
      traced.after = undefined
      try {
        this.#describe(traced)
      } catch {
        this.#lost()
      }
      traced = after
    }
  }

  /** Arguments that can't be described cost their span, no more. */
  #lost(): void {
    this.#measurements?.add('telemetryDropped', 1, { signal: 'traces', reason: 'failed' })
  }

  #describe(traced: TracedCall): void {
    const { call, trace, half } = traced
    const { begun = 0, end = begun, timings } = call.course
    const site = half.sites.of(call, end)
    if (this.#measurements) measureCall(call, { site, trace }, this.#measurements)
    const draft = draftOf(traced, site)
    this.#record(draft)
    if (timings.length > 0) for (const span of timingSpans(draft, call, site)) this.#record(span)
  }
}

/** What the end of a call adds to its span. */
function answerOf(
  { call, response }: TracedCall,
  site: CallSite,
  end: number,
): SpanPart | SpanFields | undefined {
  const { ending, outcome, brokeOff } = call.course
  if (ending === 'failed') return failedOutcome(response, outcome, end)
  const answer = answerPart(call, { site, label: labelOfAnswer(call, outcome) }, outcome)
  if (brokeOff === undefined) return answer
  const said = answer instanceof SpanPart ? answer.fields : answer
  if (said?.status?.code === 'error') return said
  // The answer is out: what it says stays on the span, beside the failure that came after it.
  const broken = failureOutcome(brokeOff, end)
  return { ...broken, attributes: { ...said?.attributes, ...broken.attributes } }
}

/** A client that is still there gets a status whatever went wrong; below 500 the fault is its own, by the conventions. */
function failedOutcome(response: OutgoingHead | undefined, thrown: unknown, now: number): SpanFields {
  const outcome = failureOutcome(thrown, now)
  if (!response || (response.destroyed && !response.headersSent)) return outcome
  const status = response.headersSent ? response.statusCode : statusOfFailure(WeftError.from(thrown))
  const attributes = { ...outcome.attributes, [names.httpStatus]: status }
  return response.headersSent || status >= 500
    ? { ...outcome, attributes }
    : { ...outcome, attributes, status: { code: 'unset' } }
}

function draftOf(traced: TracedCall, site: CallSite): SpanDraft {
  const { call, parent, trace } = traced
  const { begun = 0, end = begun } = call.course
  const answer = answerOf(traced, site, end)
  const shared = sharedPart(call, site)
  const own = ownFields(call, site)
  const isShared = answer === undefined || answer instanceof SpanPart
  return {
    trace,
    parent,
    start: begun,
    end,
    isParentRemote: site.isParentRemote,
    part: isShared ? shared.with(answer) : shared,
    own: isShared ? own : [...own, answer],
    resource: site.resource,
  }
}
