import type { Call } from '../call/call.ts'
import type { OutgoingHead } from '../call/course.ts'
import { BegunSpan } from '../call/trace-context.ts'
import { statusOfFailure } from '../capability/http-status.ts'
import { WeftError } from '../errors.ts'
import { failureOutcome, labelOfAnswer, type OutcomeLabel } from './call-outcome.ts'
import { answerPart, ownFields, sharedPart } from './call-parts.ts'
import type { CallSite } from './call-site.ts'
import { durationsOf, measureWaits } from './measure-call.ts'
import type { Measurements } from './measurements.ts'
import { attributeNames as names } from './names.ts'
import { type SpanDraft, type SpanFields, SpanPart } from './span-draft.ts'
import { timingSpans } from './timing-spans.ts'
import type { CallEnding, TracedCall, TracedEnding } from './traced-call.ts'

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
  #first: TracedEnding | undefined
  #last: TracedEnding | undefined
  #waiting = 0
  #timer: NodeJS.Timeout | undefined
  readonly #settle = () => this.settle()

  constructor({ record, measurements }: EndedCallsOptions) {
    this.#record = record
    this.#measurements = measurements
  }

  /** Takes a call that has no span and was answered. */
  measureAnswer(traced: TracedCall, answer: unknown, end: number): void {
    try {
      this.#measure(traced, labelOfAnswer(traced.call, answer), end)
    } catch {
      this.#lost()
    }
  }

  /** Takes one that failed, be it after its answer. */
  measureFailure(traced: TracedCall, thrown: unknown, end: number): void {
    try {
      this.#measure(traced, WeftError.from(thrown).code, end)
    } catch {
      this.#lost()
    }
  }

  /** Takes a call that has one. */
  add(ending: TracedEnding): void {
    if (this.#last) this.#last.after = ending
    else {
      this.#first = ending
      this.#timer = setTimeout(this.#settle, waitMs).unref()
    }
    this.#last = ending
    this.#waiting += 1
    if (this.#waiting === enough) setImmediate(this.#settle)
  }

  /** Makes the spans of all that wait now. */
  settle(): void {
    let ending = this.#first
    this.#first = undefined
    this.#last = undefined
    this.#waiting = 0
    clearTimeout(this.#timer)
    while (ending) {
      const { after } = ending
      // One that is old by now would keep all that came after it.
      ending.after = undefined
      try {
        this.#describe(ending)
      } catch {
        this.#lost()
      }
      ending = after
    }
  }

  /** Arguments that can't be described cost their span, no more. */
  #lost(): void {
    this.#measurements?.add('telemetryDropped', 1, { signal: 'traces', reason: 'failed' })
  }

  #measure({ seenFrom, call, start }: TracedCall, label: OutcomeLabel, end: number): void {
    if (!this.#measurements) return
    const site = seenFrom.sites.of(call, end)
    durationsOf(site, label, this.#measurements).observe((end - start) / 1000)
    const { timings } = call.course
    if (timings.length > 0) measureWaits(timings, { site, trace: undefined }, this.#measurements)
  }

  #describe({ traced, outcome, end, response }: TracedEnding): void {
    const { call, trace, seenFrom, start } = traced
    const site = seenFrom.sites.of(call, end)
    const ended = { traced, site, label: labelOf(call, outcome), end }
    const { timings } = call.course
    if (this.#measurements) {
      durationsOf(site, ended.label, this.#measurements).observe((end - start) / 1000, trace, end)
      measureWaits(timings, { site, trace }, this.#measurements)
    }
    if (!(trace instanceof BegunSpan)) return
    const draft = draftOf(ended, trace, answerOf(ended, outcome, response))
    this.#record(draft)
    if (timings.length > 0) for (const span of timingSpans(draft, call, site)) this.#record(span)
  }
}

/** A call that is over, and what its kind has in common. */
interface EndedCall {
  readonly traced: TracedCall
  readonly site: CallSite
  readonly label: OutcomeLabel
  /** Milliseconds since the epoch. */
  readonly end: number
}

function labelOf(call: Call, end: CallEnding): OutcomeLabel {
  if (end.kind === 'failure') return WeftError.from(end.thrown).code
  return end.brokeOff === undefined ? labelOfAnswer(call, end.answer) : WeftError.from(end.brokeOff).code
}

/** What the end of a call adds to its span. */
function answerOf(
  { traced: { call }, site, label, end: now }: EndedCall,
  outcome: CallEnding,
  response: OutgoingHead | undefined,
): SpanPart | SpanFields | undefined {
  if (outcome.kind === 'failure') return failedOutcome(response, outcome.thrown, now)
  const answered = outcome.brokeOff === undefined ? label : labelOfAnswer(call, outcome.answer)
  const answer = answerPart(call, { site, label: answered }, outcome.answer)
  if (outcome.brokeOff === undefined) return answer
  const said = answer instanceof SpanPart ? answer.fields : answer
  if (said?.status?.code === 'error') return said
  // The answer is out: what it says stays on the span, beside the failure that came after it.
  const broken = failureOutcome(outcome.brokeOff, now)
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

function draftOf(
  { traced: { call, parent, start }, site, end }: EndedCall,
  trace: BegunSpan,
  answer: SpanPart | SpanFields | undefined,
): SpanDraft {
  const shared = sharedPart(call, site)
  const own = ownFields(call, site)
  const isShared = answer === undefined || answer instanceof SpanPart
  return {
    trace,
    parent,
    start,
    end,
    isParentRemote: site.isParentRemote,
    part: isShared ? shared.with(answer) : shared,
    own: isShared ? own : [...own, answer],
    resource: site.resource,
  }
}
