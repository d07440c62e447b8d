import type { Call, CallContext } from './call.ts'
import { CallCourse } from './course.ts'
import type { CallSession } from './session.ts'

/**
 * A call made while `parent` runs: its trace, baggage, deadline and cancellation carry over, its source is the parent's
 * target. `trace` overrides the span it hangs under (an open guest span), `begun` says when it began where that is known.
 */
export function childOf(
  parent: Call,
  child: Pick<Call, 'target' | 'operation' | 'args'> & {
    readonly linkName?: string
    readonly trace?: CallContext['trace']
    readonly session?: CallSession | undefined
    readonly begun?: number | undefined
  },
): Call {
  return {
    source: parent.target,
    target: child.target,
    operation: child.operation,
    args: child.args,
    context: {
      trace: child.trace ?? parent.context.trace,
      baggage: parent.context.baggage,
      deadline: parent.context.deadline,
      linkName: child.linkName ?? 'default',
    },
    signal: parent.signal,
    limit: parent.limit,
    course: new CallCourse(child.begun),
    session: child.session,
  }
}
