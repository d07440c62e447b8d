import type { Call } from './call.ts'
import { CallCourse } from './course.ts'
import type { CallSession } from './session.ts'

/**
 * A call made while `parent` runs: its trace, baggage, deadline and cancellation carry over, its source is the parent's
 * target. `trace` overrides the span it hangs under (an open guest span).
 */
export function childOf(
  parent: Call,
  child: Pick<Call, 'target' | 'operation' | 'args'> & {
    readonly linkName?: string
    readonly trace?: Call['context']['trace']
    readonly session?: CallSession | undefined
  },
): Call {
  return {
    source: parent.target,
    target: child.target,
    operation: child.operation,
    args: child.args,
    context: {
      ...parent.context,
      trace: child.trace ?? parent.context.trace,
      linkName: child.linkName ?? 'default',
    },
    signal: parent.signal,
    endsBy: parent.endsBy,
    course: new CallCourse(),
    session: child.session,
  }
}
