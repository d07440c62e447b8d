import type { Interceptor } from '../call/call.ts'
import type { CallCourse } from '../call/course.ts'
import { BegunSpan, randomWord, type TraceContext, TraceId, UnseenSpan } from '../call/trace-context.ts'
import { CallHalf } from './call-half.ts'
import { CallSites, type CallSitesOptions } from './call-site.ts'
import type { CallSide } from './describe-call.ts'
import { EndedCalls } from './ended-calls.ts'
import type { Measurements } from './measurements.ts'
import type { Sampler } from './sampler.ts'
import type { SpanDraft } from './span-draft.ts'
import { TracedCall } from './traced-call.ts'

export interface TraceCallsOptions extends Pick<CallSitesOptions, 'resourceOf'> {
  /** Whether a component runs on this thread; left out, all are elsewhere. */
  readonly runsHere?: CallSitesOptions['runsHere']
  /** Takes each finished span; must not throw. */
  readonly record: (span: SpanDraft) => void
  readonly sampler: Sampler
  /** Where durations are measured; left out, they are not. */
  readonly measurements?: Measurements
}

/** What is put around calls; each interceptor belongs to the side that it is put on. */
export interface TracedCalls {
  readonly client: Interceptor
  readonly server: Interceptor
  /**
   * Instead of `server`, and like it behind `client`, where both sides run here and one span tells of both: that of the
   * component. By its side: `client` around what a component asks of a provider, `server` around what a provider asks of it.
   */
  readonly whole: Readonly<Record<CallSide, Interceptor>>
  /** Makes spans of what is over, which waits for more otherwise. */
  settle(): void
}

/**
 * Makes a span of every call that passes, and measures it: `client` spans belong to the call's source, `server` spans to its
 * target. The call goes on under the new span, which ends when the call is over: after its answer and after all that it
 * holds. A call whose trace is not sampled has no span; its duration counts all the same.
 */
export function traceCalls(options: TraceCallsOptions): TracedCalls {
  const { measurements, record, resourceOf, runsHere = () => false, sampler } = options
  const ended = new EndedCalls({ record, measurements })
  const halfOf = (side: CallSide, isWhole: boolean) =>
    new CallHalf(ended, new CallSites({ resourceOf, runsHere }, { side, isWhole }))
  const tracing = (side: CallSide): Interceptor => {
    const half = halfOf(side, false)
    return (next) => (call) => {
      const { context, course } = call
      const trace = traceOf(context.trace, sampler)
      const watcher = trace instanceof BegunSpan ? new TracedCall(half, call, trace) : measurements && half
      if (trace !== context.trace) context.trace = trace
      if (!watcher) return next(call)
      if (side === 'client') course.leaves(call, watcher)
      else course.arrives(call, watcher)
      const running = next(call)
      // The answer goes on as it is: looking at it takes no turn of who waits for it.
      if (!course.isTold) tellOf(running, course)
      return running
    }
  }
  const seenFrom = (side: CallSide): Interceptor => {
    const whole = halfOf(side, true)
    return (next) => (call) => {
      const { course } = call
      const { leaving } = course
      if (leaving instanceof TracedCall) leaving.half = whole
      else if (leaving) course.leaving = whole
      return next(call)
    }
  }
  return {
    client: tracing('client'),
    server: tracing('server'),
    whole: { client: seenFrom('client'), server: seenFrom('server') },
    settle: () => ended.settle(),
  }
}

function tellOf(running: Promise<unknown>, course: CallCourse): void {
  course.willTell()
  running.then(
    (answer) => course.answered(answer),
    (thrown: unknown) => course.failed(thrown),
  )
}

function traceOf(parent: TraceContext | undefined, sampler: Sampler): BegunSpan | UnseenSpan {
  // Samplers decide for the whole of a trace.
  if (parent instanceof UnseenSpan) return parent
  if (parent) return traceWithin(parent, sampler)
  const third = randomWord()
  if (!sampler(third, undefined)) return UnseenSpan.first(third)
  return new BegunSpan(TraceId.new(third), { sampled: true, traceState: '' })
}

function traceWithin(parent: TraceContext, sampler: Sampler): BegunSpan | UnseenSpan {
  const id = parent instanceof BegunSpan ? parent.id : TraceId.from(parent.traceId)
  const { sampled: wasSampled, traceState } = parent
  if (sampler(id.third, parent)) return new BegunSpan(id, { sampled: true, traceState })
  return wasSampled ? UnseenSpan.under(parent, id) : UnseenSpan.from(parent)
}
