import type { Call, Interceptor } from '../call/call.ts'
import { preciseNow } from '../call/course.ts'
import { BegunSpan, type TraceContext, TraceId } from '../call/trace-context.ts'
import { CallSites } from './call-site.ts'
import type { CallSide } from './describe-call.ts'
import { EndedCalls } from './ended-calls.ts'
import type { Measurements } from './measurements.ts'
import type { Sampler } from './sampler.ts'
import type { SpanResource } from './span.ts'
import type { SpanDraft } from './span-draft.ts'
import { TracedCall } from './traced-call.ts'

export interface TraceCallsOptions {
  /** Takes each finished span; must not throw. */
  readonly record: (span: SpanDraft) => void
  readonly sampler: Sampler
  /** The service of a component or provider, known or not; must not throw. */
  readonly resourceOf: (id: string) => SpanResource
  /** Where durations are measured; left out, they are not. */
  readonly measurements?: Measurements
}

export interface TracedCalls extends Readonly<Record<CallSide, Interceptor>> {
  /** Describes what is over: it waits for the end of the event loop's turn otherwise. */
  settle(): void
}

/**
 * Makes a span of every call that passes, and measures it: `client` spans belong to the call's source, `server` spans to its
 * target. The call goes on under the new span, which ends when the call is over: after its answer and after all that it
 * holds. A call whose trace is not sampled goes on as it came, without a span; its duration counts all the same.
 */
export function traceCalls(options: TraceCallsOptions): TracedCalls {
  const { measurements, record, sampler } = options
  const ended = new EndedCalls({ record, measurements })
  const tracing = (side: CallSide): Interceptor => {
    const around = { ended, sites: new CallSites({ ...options, side }) }
    return (next) => (call) => {
      const { course } = call
      // Between two parts of one thread a call begins on both sides at once.
      const start = (side === 'server' && course.begun) || preciseNow()
      if (side === 'client') course.begun = start
      const trace = traceOf(call, sampler)
      const passed = trace === call.context.trace ? call : { ...call, context: { ...call.context, trace } }
      if (!trace.sampled && !measurements) return next(passed)
      const traced = new TracedCall(around, { call, trace, start })
      course.watch(traced)
      // Who is called may not look when it is given up; its caller's time ends it all the same.
      if (side === 'client') traced.endWithCaller()
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
  return { client: tracing('client'), server: tracing('server'), settle: () => ended.settle() }
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
