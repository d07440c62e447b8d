import type { Call, Interceptor } from '../call/call.ts'
import { type CallEnd, type CallWatcher, preciseNow, type Timing } from '../call/course.ts'
import { BegunSpan, type TraceContext, TraceId } from '../call/trace-context.ts'
import { statusOfFailure } from '../capability/http-status.ts'
import { WeftError } from '../errors.ts'
import { backendFields, backendSeries } from './backend-span.ts'
import { failureOutcome, labelOfAnswer, type OutcomeLabel } from './call-outcome.ts'
import { answerPart, ownFields, sharedPart } from './call-parts.ts'
import { type CallSite, CallSites, durationsOf } from './call-site.ts'
import type { CallSide } from './describe-call.ts'
import type { Measurements } from './measurements.ts'
import { attributeNames as names, spanNames } from './names.ts'
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
  const tracing = (side: CallSide): Interceptor => {
    const sites = new CallSites({ ...options, side })
    return (next) => (call) => {
      const { course } = call
      // Between two parts of one thread a call begins on both sides at once.
      const start = (side === 'server' && course.begun) || preciseNow()
      if (side === 'client') course.begun = start
      const trace = traceOf(call, options.sampler)
      const passed = trace === call.context.trace ? call : { ...call, context: { ...call.context, trace } }
      if (!trace.sampled && !options.measurements) return next(passed)
      course.watch(new OpenCall(options, { call, trace, start, site: sites.of(call, start) }))
      const running = next(passed)
      // The answer goes on as it is: looking at it takes no turn of who waits for it.
      if (!course.isTold) {
        course.willTell()
        running.then(
          (answer) => course.answered(answer),
          (thrown: unknown) => course.failed(thrown),
        )
      }
      return running
    }
  }
  return { client: tracing('client'), server: tracing('server') }
}

function traceOf(call: Call, sampler: Sampler): TraceContext {
  const parent = call.context.trace
  const id = idOf(parent)
  const sampled = sampler(id, parent)
  // Nobody will see a span of this trace, so nobody needs its id.
  if (parent && !sampled && !parent.sampled) return parent
  return new BegunSpan(id, { sampled, traceState: parent?.traceState ?? '' })
}

function idOf(trace: TraceContext | undefined): TraceId {
  if (trace instanceof BegunSpan) return trace.id
  return trace ? TraceId.from(trace.traceId) : TraceId.new()
}

/** A call that is not over, on one of its sides. */
class OpenCall implements CallWatcher {
  next: CallWatcher | undefined
  readonly options: TraceCallsOptions
  readonly call: Call
  readonly trace: TraceContext
  readonly start: number
  readonly site: CallSite

  constructor(options: TraceCallsOptions, of: Pick<OpenCall, 'call' | 'trace' | 'start' | 'site'>) {
    this.options = options
    this.call = of.call
    this.trace = of.trace
    this.start = of.start
    this.site = of.site
  }

  /** Runs beside the call, where nobody would catch: arguments that can't be described cost their span, no more. */
  over(end: CallEnd, now: number): void {
    const { measurements } = this.options
    try {
      const label = labelOf(this.call, end)
      if (measurements) measure(this, label, now)
      const { trace } = this
      if (trace instanceof BegunSpan && trace.sampled) recordSpan(this, trace, { end, label, now })
    } catch {
      measurements?.add('telemetryDropped', 1, { signal: 'traces', reason: 'failed' })
    }
  }
}

function measure(open: OpenCall, outcome: OutcomeLabel, now: number): void {
  const { options, site, call, trace, start } = open
  const { measurements } = options
  if (!measurements) return
  durationsOf(site, { measurements, outcome }).observe((now - start) / 1000, trace)
  if (site.side === 'client') return
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

function labelOf(call: Call, end: CallEnd): OutcomeLabel {
  if (end.kind === 'failure') return WeftError.from(end.thrown).code
  return end.brokeOff === undefined ? labelOfAnswer(call, end.answer) : WeftError.from(end.brokeOff).code
}

interface Ended {
  readonly end: CallEnd
  readonly label: OutcomeLabel
  /** Milliseconds since the epoch. */
  readonly now: number
}

function outcomeOf({ call, site }: OpenCall, { end, label, now }: Ended): SpanPart | SpanFields | undefined {
  if (end.kind === 'failure') return failedOutcome(call, end.thrown, now)
  const answered = end.brokeOff === undefined ? label : labelOfAnswer(call, end.answer)
  const outcome = answerPart(call, { site, label: answered }, end.answer)
  if (end.brokeOff === undefined) return outcome
  const said = outcome instanceof SpanPart ? outcome.fields : outcome
  if (said?.status?.code === 'error') return said
  // The answer is out: what it says stays on the span, beside the failure that came after it.
  const broken = failureOutcome(end.brokeOff, now)
  return { ...broken, attributes: { ...said?.attributes, ...broken.attributes } }
}

/** A client that is still there gets a status whatever went wrong; below 500 the fault is its own, by the conventions. */
function failedOutcome({ course: { response } }: Call, thrown: unknown, now: number): SpanFields {
  const outcome = failureOutcome(thrown, now)
  if (!response || (response.destroyed && !response.headersSent)) return outcome
  const status = response.headersSent ? response.statusCode : statusOfFailure(WeftError.from(thrown))
  const attributes = { ...outcome.attributes, [names.httpStatus]: status }
  return response.headersSent || status >= 500
    ? { ...outcome, attributes }
    : { ...outcome, attributes, status: { code: 'unset' } }
}

function recordSpan(open: OpenCall, trace: BegunSpan, ended: Ended): void {
  const { call, site, start } = open
  const { record } = open.options
  const outcome = outcomeOf(open, ended)
  const shared = sharedPart(call, site)
  const own = ownFields(call, site)
  const isShared = outcome === undefined || outcome instanceof SpanPart
  const draft: SpanDraft = {
    trace,
    parent: call.context.trace,
    start,
    end: ended.now,
    isParentRemote: site.isParentRemote,
    part: isShared ? shared.with(outcome) : shared,
    own: isShared ? own : [...own, outcome],
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
  own: new SpanPart({}),
} as const

// A local call passes both sides with one course; its timings are the callee's.
function recordTiming(parent: SpanDraft, timing: Timing, record: TraceCallsOptions['record']): void {
  const { name, start, end } = timing
  if (name !== 'imported' && name !== 'backend' && end - start <= leastTimingMs) return
  const { trace: under } = parent
  const trace = new BegunSpan(under.id, under, name === 'backend' ? timing.spanId : undefined)
  const draft = { ...parent, trace, parent: under, start, end, isParentRemote: false, own: [] }
  if (name === 'imported') {
    const innermost = timing.under === undefined ? under : { spanId: timing.under }
    record({
      ...draft,
      parent: innermost,
      part: timingParts.own,
      own: [{ name: timing.label, kind: 'internal' }],
    })
  } else if (name === 'backend') record({ ...draft, part: timingParts.own, own: [backendFields(timing)] })
  else record({ ...draft, part: timingParts[name] })
}
