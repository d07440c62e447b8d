import type { Call, Interceptor } from '../call/call.ts'
import { callUnder } from '../call/child.ts'
import type { CallCourse } from '../call/course.ts'
import { BegunSpan, type TraceContext, TraceId } from '../call/trace-context.ts'
import { CallSites, type CallSitesOptions } from './call-site.ts'
import type { CallSide } from './describe-call.ts'
import { EndedCalls } from './ended-calls.ts'
import type { Measurements } from './measurements.ts'
import type { Sampler } from './sampler.ts'
import type { SpanDraft } from './span-draft.ts'
import { TracedCall } from './traced-call.ts'

export interface TraceCallsOptions extends Pick<CallSitesOptions, 'resourceOf'> {
  /** What an id stands for on this thread; left out, all is elsewhere. */
  readonly runsHere?: CallSitesOptions['runsHere']
  /** Takes each finished span; must not throw. */
  readonly record: (span: SpanDraft) => void
  readonly sampler: Sampler
  /** Where durations are measured; left out, they are not. */
  readonly measurements?: Measurements
}

export interface TracedCalls extends Readonly<Record<CallSide, Interceptor>> {
  /** Describes what is over: it waits for the end of the event loop's turn otherwise. */
  settle(): void
}

/**
 * Makes a span of every call that passes, and measures it: `client` spans belong to the call's source, `server` spans to its
 * target. A call between a component and a provider that both run here has one span, the component's side. The call goes on
 * under the new span, which ends when the call is over: after its answer and after all that it holds. A call whose trace is
 * not sampled goes on as it came, without a span; its duration counts all the same.
 */
export function traceCalls(options: TraceCallsOptions): TracedCalls {
  const { measurements, record, resourceOf, runsHere = () => undefined, sampler } = options
  const ended = new EndedCalls({ record, measurements })
  const sitesOf = (side: CallSide) => ({
    half: new CallSites({ resourceOf, runsHere }, { side, isWhole: false }),
    whole: new CallSites({ resourceOf, runsHere }, { side, isWhole: true }),
  })
  const sites = { client: sitesOf('client'), server: sitesOf('server') }
  /** Of a call between a component and a provider that both run here: the component's side. */
  const wholeOf = ({ source, target }: Call): CallSites | undefined => {
    const from = runsHere(source)
    const to = runsHere(target)
    if (from === to || from === undefined || to === undefined) return undefined
    return from === 'component' ? sites.client.whole : sites.server.whole
  }
  const tracing = (side: CallSide): Interceptor => {
    const around = { ended, sites: sites[side].half }
    return (next) => (call) => {
      const { course } = call
      const left = side === 'server' && course.leaving instanceof TracedCall ? course.leaving : undefined
      const whole = left && wholeOf(call)
      if (whole) {
        left.sites = whole
        return next(call)
      }
      const trace = traceOf(call, sampler)
      const passed = trace === call.context.trace ? call : callUnder(call, trace)
      if (!trace.sampled && !measurements) return next(passed)
      const traced = new TracedCall(around, call, trace)
      // Between two parts of one thread a call begins on both sides at once.
      if (left) traced.start = left.start
      course.watch(traced)
      if (side === 'client') {
        course.leaving = traced
        // Who is called may not look when it is given up; what it was called within ends it all the same.
        call.limit?.watch(traced)
      }
      const running = next(passed)
      // The answer goes on as it is: looking at it takes no turn of who waits for it.
      if (!course.isTold) tellOf(running, course)
      return running
    }
  }
  return { client: tracing('client'), server: tracing('server'), settle: () => ended.settle() }
}

function tellOf(running: Promise<unknown>, course: CallCourse): void {
  course.willTell()
  running.then(
    (answer) => course.answered(answer),
    (thrown: unknown) => course.failed(thrown),
  )
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
