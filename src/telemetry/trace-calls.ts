import type { Call, Interceptor, Invoke } from '../call/call.ts'
import { preciseNow, type Timing } from '../call/course.ts'
import { newSpanId, newTraceId, type TraceContext } from '../call/trace-context.ts'
import { answerOutcome, type CallOutcome, failureOutcome } from './call-outcome.ts'
import { type CallDescription, type CallSide, describeCall } from './describe-call.ts'
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
}

/** Shorter waits are not worth a span; milliseconds. */
const leastTimingMs = 0.05

/**
 * Makes a span of every call that passes. The call goes on under the new span, which ends when the call is over: after
 * its answer and after all that it holds. A call whose trace is not sampled is passed on with ids, but not recorded.
 */
export function traceCalls(options: TraceCallsOptions): Interceptor {
  return (next) => (call) => {
    const parent = call.context.trace
    const traceId = parent?.traceId ?? newTraceId()
    const trace: TraceContext = {
      traceId,
      spanId: newSpanId(),
      sampled: options.sampler(traceId, parent),
      traceState: parent?.traceState ?? '',
    }
    const traced: Call = { ...call, context: { ...call.context, trace } }
    if (!trace.sampled) return next(traced)
    return runOpen(next, traced, openSpan(options, { call, trace }))
  }
}

interface OpenSpan {
  readonly options: TraceCallsOptions
  readonly call: Call
  readonly trace: TraceContext
  readonly start: number
  readonly resource: SpanResource
  readonly description: CallDescription
}

function openSpan(
  options: TraceCallsOptions,
  of: { readonly call: Call; readonly trace: TraceContext },
): OpenSpan {
  const { call, trace } = of
  const resource = options.resourceOf(options.side === 'client' ? call.source : call.target)
  return {
    options,
    call,
    trace,
    start: preciseNow(),
    resource,
    description: describeCall(call, options.side),
  }
}

async function runOpen(next: Invoke, traced: Call, span: OpenSpan): Promise<unknown> {
  let answer: unknown
  try {
    answer = await next(traced)
  } catch (thrown) {
    endWhenOver(span, failureOutcome(thrown, preciseNow()))
    throw thrown
  }
  endWhenOver(span, answerOutcome(span.call, span.options.side, answer))
  return answer
}

function endWhenOver(span: OpenSpan, outcome: CallOutcome): void {
  const held = span.call.course.held
  if (!held) recordSpan(span, outcome)
  else
    held.then((failure) => recordSpan(span, failure === undefined ? outcome : withFailure(outcome, failure)))
}

// The answer is out: what it says stays on the span, beside the failure that came after it.
function withFailure(outcome: CallOutcome, failure: unknown): CallOutcome {
  if (outcome.status.code === 'error') return outcome
  const broken = failureOutcome(failure, preciseNow())
  return { ...broken, attributes: { ...outcome.attributes, ...broken.attributes } }
}

function recordSpan(span: OpenSpan, outcome: CallOutcome): void {
  const { options, call, trace, description } = span
  const parentSpanId = call.context.trace?.spanId
  const record: SpanRecord = {
    traceId: trace.traceId,
    spanId: trace.spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    traceState: trace.traceState,
    name: description.name,
    kind: description.kind,
    start: span.start,
    end: preciseNow(),
    attributes: { ...description.attributes, ...outcome.attributes },
    events: outcome.events,
    links: [],
    status: outcome.status,
    resource: span.resource,
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
