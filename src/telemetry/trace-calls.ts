import type { Call, Interceptor } from '../call/call.ts'
import { preciseNow, type Timing } from '../call/course.ts'
import { newSpanId, newTraceId, type TraceContext } from '../call/trace-context.ts'
import { WeftError } from '../errors.ts'
import {
  answerOutcome,
  type CallOutcome,
  failureOutcome,
  labelOfAnswer,
  type OutcomeLabel,
} from './call-outcome.ts'
import { type CallSite, CallSites, durationsOf } from './call-site.ts'
import { type CallSide, ownAttributes, ownName } from './describe-call.ts'
import type { Measurements } from './measurements.ts'
import { spanNames } from './names.ts'
import type { Sampler } from './sampler.ts'
import type { SpanRecord, SpanResource } from './span.ts'

export interface TraceCallsOptions {
  /** `client` spans belong to the call's source, `server` spans to its target. */
  readonly side: CallSide
  /** Takes each finished span; must not throw. */
  readonly record: (span: SpanRecord) => void
  readonly sampler: Sampler
  /** The service of a component or provider, known or not; must not throw. */
  readonly resourceOf: (id: string) => SpanResource
  /** Where durations are measured; left out, they are not. */
  readonly measurements?: Measurements
}

/** Shorter waits are not worth a span; milliseconds. */
const leastTimingMs = 0.05

/**
 * Makes a span of every call that passes, and measures it. The call goes on under the new span, which ends when the call
 * is over: after its answer and after all that it holds. A call whose trace is not sampled goes on as it came, without a
 * span; its duration counts all the same.
 */
export function traceCalls(options: TraceCallsOptions): Interceptor {
  const sites = new CallSites(options)
  return (next) => async (call) => {
    const start = preciseNow()
    const trace = traceOf(call, options.sampler)
    const passed = trace === call.context.trace ? call : { ...call, context: { ...call.context, trace } }
    if (!trace.sampled && !options.measurements) return next(passed)
    const open: OpenCall = { options, call, trace, start, site: sites.of(call, start) }
    let answer: unknown
    try {
      answer = await next(passed)
    } catch (thrown) {
      endWhenOver(open, { kind: 'failure', thrown })
      throw thrown
    }
    endWhenOver(open, { kind: 'answer', answer })
    return answer
  }
}

interface OpenCall {
  readonly options: TraceCallsOptions
  readonly call: Call
  readonly trace: TraceContext
  readonly start: number
  readonly site: CallSite
}

/** How a call came back. `brokeOff` is what its body failed with after the answer. */
type End =
  | { readonly kind: 'answer'; readonly answer: unknown; readonly brokeOff?: unknown }
  | { readonly kind: 'failure'; readonly thrown: unknown }

function traceOf(call: Call, sampler: Sampler): TraceContext {
  const parent = call.context.trace
  const traceId = parent?.traceId ?? newTraceId()
  const sampled = sampler(traceId, parent)
  // Nobody will see a span of this trace, so nobody needs its id.
  if (parent && !sampled && !parent.sampled) return parent
  return { traceId, spanId: newSpanId(), sampled, traceState: parent?.traceState ?? '' }
}

function endWhenOver(open: OpenCall, end: End): void {
  const held = open.call.course.held
  if (!held) finish(open, end)
  else
    held.then((failure) =>
      finish(open, failure === undefined || end.kind === 'failure' ? end : { ...end, brokeOff: failure }),
    )
}

function finish(open: OpenCall, end: End): void {
  const now = preciseNow()
  if (open.options.measurements) measure(open, end, now)
  if (open.trace.sampled) recordSpan(open, outcomeOf(open, end, now), now)
}

function measure(open: OpenCall, end: End, now: number): void {
  const { options, site, call, trace, start } = open
  const { measurements, side } = options
  if (!measurements) return
  const outcome = labelOf(call, end)
  durationsOf(site, { measurements, side, outcome }).observe((now - start) / 1000, trace)
  if (side === 'client') return
  if (outcome === 'trapped') measurements.add('traps', 1, { component: site.owner })
  if (outcome === 'deadline') measurements.add('limitHits', 1, { component: site.owner, limit: 'time' })
  for (const timing of call.course.timings) measureTiming(measurements, site.owner, timing, trace)
}

function measureTiming(
  measurements: Measurements,
  component: string,
  { name, start, end }: Timing,
  trace: TraceContext,
): void {
  const seconds = (end - start) / 1000
  if (name === 'queued') measurements.observe('queueWait', seconds, { component }, trace)
  else if (name === 'instantiated')
    measurements.observe('instanceStart', seconds, { component, start: 'cold' }, trace)
}

function labelOf(call: Call, end: End): OutcomeLabel {
  if (end.kind === 'failure') return WeftError.from(end.thrown).code
  return end.brokeOff === undefined ? labelOfAnswer(call, end.answer) : WeftError.from(end.brokeOff).code
}

function outcomeOf({ call, options }: OpenCall, end: End, now: number): CallOutcome {
  if (end.kind === 'failure') return failureOutcome(end.thrown, now)
  const outcome = answerOutcome(call, options.side, end.answer)
  if (end.brokeOff === undefined || outcome.status.code === 'error') return outcome
  // The answer is out: what it says stays on the span, beside the failure that came after it.
  const broken = failureOutcome(end.brokeOff, now)
  return { ...broken, attributes: { ...outcome.attributes, ...broken.attributes } }
}

function recordSpan(open: OpenCall, outcome: CallOutcome, end: number): void {
  const { options, call, trace, site } = open
  const parentSpanId = call.context.trace?.spanId
  const record: SpanRecord = {
    traceId: trace.traceId,
    spanId: trace.spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    traceState: trace.traceState,
    name: ownName(call, options.side, site) ?? site.name,
    kind: site.kind,
    start: open.start,
    end,
    attributes: { ...site.attributes, ...ownAttributes(call, site.subject), ...outcome.attributes },
    events: outcome.events,
    links: [],
    status: outcome.status,
    resource: site.resource,
  }
  options.record(record)
  if (options.side === 'client') return
  for (const timing of call.course.timings) recordTiming(record, timing, options.record)
}

// A local call passes both sides with one course; its timings are the callee's.
function recordTiming(parent: SpanRecord, timing: Timing, record: TraceCallsOptions['record']): void {
  if (timing.name === 'executed' || timing.end - timing.start <= leastTimingMs) return
  record({
    ...parent,
    spanId: newSpanId(),
    parentSpanId: parent.spanId,
    name: spanNames[timing.name],
    kind: 'internal',
    start: timing.start,
    end: timing.end,
    attributes: {},
    events: [],
    status: { code: 'unset' },
  })
}
