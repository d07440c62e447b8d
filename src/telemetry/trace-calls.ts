import type { Call, Interceptor } from '../call/call.ts'
import { preciseNow, type Timing } from '../call/course.ts'
import { BegunSpan, newSpanId, newTraceId, type TraceContext } from '../call/trace-context.ts'
import { WeftError } from '../errors.ts'
import { backendFields, backendSeries } from './backend-span.ts'
import { CallEnds, type End } from './call-ends.ts'
import { failureOutcome, labelOfAnswer, type OutcomeLabel } from './call-outcome.ts'
import { CallParts } from './call-parts.ts'
import { type CallSite, CallSites, durationsOf } from './call-site.ts'
import type { CallSide } from './describe-call.ts'
import type { Measurements } from './measurements.ts'
import { spanNames } from './names.ts'
import type { Sampler } from './sampler.ts'
import type { SpanResource } from './span.ts'
import { type SpanDraft, type SpanFields, SpanPart } from './span-draft.ts'

export interface TraceCallsOptions {
  /** Takes each finished span; must not throw. */
  readonly record: (span: SpanDraft) => void
  readonly sampler: Sampler
  /** The service of a component or provider, known or not; must not throw. */
  readonly resourceOf: (id: string) => SpanResource
  /** Where durations are measured; left out, they are not. */
  readonly measurements?: Measurements
}

/** Shorter waits are not worth a span; milliseconds. */
const leastTimingMs = 0.05

/**
 * Makes a span of every call that passes, and measures it: `client` spans belong to the call's source, `server` spans to its
 * target. The call goes on under the new span, which ends when the call is over: after its answer and after all that it
 * holds. A call whose trace is not sampled goes on as it came, without a span; its duration counts all the same.
 */
export function traceCalls(options: TraceCallsOptions): Readonly<Record<CallSide, Interceptor>> {
  const parts = new CallParts()
  const ends = new CallEnds(finish)
  const tracing = (side: CallSide): Interceptor => {
    const sites = new CallSites({ ...options, side })
    return (next) => (call) => {
      // Between two parts of one thread a call begins on both sides at once.
      const start = (side === 'server' && call.course.begun) || preciseNow()
      if (side === 'client') call.course.begun = start
      const trace = traceOf(call, options.sampler)
      const passed = trace === call.context.trace ? call : { ...call, context: { ...call.context, trace } }
      if (!trace.sampled && !options.measurements) return next(passed)
      const open: OpenCall = { options, call, trace, start, site: sites.of(call, start), parts }
      const running = next(passed)
      ends.watch(running, open)
      return running
    }
  }
  return { client: tracing('client'), server: tracing('server') }
}

interface OpenCall {
  readonly options: TraceCallsOptions
  readonly call: Call
  readonly trace: TraceContext
  readonly start: number
  readonly site: CallSite
  readonly parts: CallParts
}

function traceOf(call: Call, sampler: Sampler): TraceContext {
  const parent = call.context.trace
  const traceId = parent?.traceId ?? newTraceId()
  const sampled = sampler(traceId, parent)
  // Nobody will see a span of this trace, so nobody needs its id.
  if (parent && !sampled && !parent.sampled) return parent
  if (sampled) return new BegunSpan(parent ?? { traceId, traceState: '' })
  return { traceId, spanId: newSpanId(), sampled, traceState: parent?.traceState ?? '' }
}

/** Runs beside the call, where nobody would catch: arguments that can't be described cost their span, no more. */
function finish(open: OpenCall, end: End, now: number): void {
  const { measurements } = open.options
  try {
    const label = labelOf(open.call, end)
    if (measurements) measure(open, label, now)
    if (open.trace.sampled) recordSpan(open, outcomeOf(open, { end, label, now }), now)
  } catch {
    measurements?.add('telemetryDropped', 1, { signal: 'traces', reason: 'failed' })
  }
}

function measure(open: OpenCall, outcome: OutcomeLabel, now: number): void {
  const { options, site, call, trace, start } = open
  const { measurements } = options
  if (!measurements) return
  durationsOf(site, { measurements, outcome }).observe((now - start) / 1000, trace)
  if (site.side === 'client') return
  if (outcome === 'trapped') measurements.add('traps', 1, { component: site.owner })
  for (const timing of call.course.timings) measureTiming(open, measurements, timing)
}

function measureTiming({ site, trace }: OpenCall, measurements: Measurements, timing: Timing): void {
  if (timing.name === 'backend') {
    const { metric, labels } = backendSeries(site.owner, timing)
    measurements.histogram(metric, labels).observe((timing.end - timing.start) / 1000, trace)
  }
  if (timing.name !== 'queued' && timing.name !== 'instantiated') return
  const known = site.waits.get(timing.name)
  const component = site.owner
  const series =
    known && !known.isForgotten
      ? known
      : timing.name === 'queued'
        ? measurements.histogram('queueWait', { component })
        : measurements.histogram('instanceStart', { component, start: 'cold' })
  site.waits.set(timing.name, series)
  series.observe((timing.end - timing.start) / 1000, trace)
}

function labelOf(call: Call, end: End): OutcomeLabel {
  if (end.kind === 'failure') return WeftError.from(end.thrown).code
  return end.brokeOff === undefined ? labelOfAnswer(call, end.answer) : WeftError.from(end.brokeOff).code
}

function outcomeOf(
  { call, site, parts }: OpenCall,
  ended: { readonly end: End; readonly label: OutcomeLabel; readonly now: number },
): SpanPart | SpanFields | undefined {
  const { end, label, now } = ended
  if (end.kind === 'failure') return failureOutcome(end.thrown, now)
  const answered = end.brokeOff === undefined ? label : labelOfAnswer(call, end.answer)
  const outcome = parts.answer(call, { site, label: answered }, end.answer)
  if (end.brokeOff === undefined) return outcome
  const said = outcome instanceof SpanPart ? outcome.fields : outcome
  if (said?.status?.code === 'error') return said
  // The answer is out: what it says stays on the span, beside the failure that came after it.
  const broken = failureOutcome(end.brokeOff, now)
  return { ...broken, attributes: { ...said?.attributes, ...broken.attributes } }
}

function recordSpan(open: OpenCall, outcome: SpanPart | SpanFields | undefined, end: number): void {
  const { options, call, trace, site, parts } = open
  const { record } = options
  const draft: SpanDraft = {
    trace,
    parent: call.context.trace,
    start: open.start,
    end,
    isParentRemote: site.isParentRemote,
    parts: [parts.fixed(call, site), parts.shared(call, site), parts.own(call, site), outcome],
    resource: site.resource,
  }
  record(draft)
  for (const timing of call.course.timings) {
    // Who calls waits for somebody to serve; all else happens where it is served.
    if ((timing.name === 'woken') === (site.side === 'client')) recordTiming(draft, timing, record)
  }
}

const timingParts = {
  queued: new SpanPart({ name: spanNames.queued, kind: 'internal' }),
  woken: new SpanPart({ name: spanNames.woken, kind: 'internal' }),
  instantiated: new SpanPart({ name: spanNames.instantiated, kind: 'internal' }),
} as const

// A local call passes both sides with one course; its timings are the callee's.
function recordTiming(parent: SpanDraft, timing: Timing, record: TraceCallsOptions['record']): void {
  const { name, start, end } = timing
  if (name !== 'imported' && name !== 'backend' && end - start <= leastTimingMs) return
  const trace = new BegunSpan(parent.trace)
  const own = { ...parent, trace, parent: parent.trace, start, end, isParentRemote: false }
  if (name === 'imported') {
    const under = timing.under === undefined ? parent.trace : { spanId: timing.under }
    record({ ...own, parent: under, parts: [{ name: timing.label, kind: 'internal' }] })
  } else if (name === 'backend') {
    const { traceId, traceState } = parent.trace
    const known = timing.spanId === undefined ? trace : { traceId, traceState, spanId: timing.spanId }
    record({ ...own, trace: known, parts: [backendFields(timing)] })
  } else record({ ...own, parts: [timingParts[name]] })
}
