import type { Call, CallContext } from '../../src/call/call.ts'
import { CallCourse } from '../../src/call/course.ts'
import type { WitType } from '../../src/wit/type.ts'

/** What a test wants of a call; the rest is filled in. */
export interface SampleCall {
  readonly source?: string
  readonly target?: string
  readonly interface?: string
  readonly function?: string
  readonly result?: WitType
  readonly args?: readonly unknown[]
  readonly context?: Partial<CallContext>
}

/** A call without parent and with a minute of time. */
export function sampleCall(wanted: SampleCall = {}): Call {
  return {
    source: wanted.source ?? 'caller',
    target: wanted.target ?? 'callee',
    operation: {
      interface: wanted.interface ?? 'demo:app/greet@0.1.0',
      function: {
        name: wanted.function ?? 'greet',
        async: false,
        params: [],
        ...(wanted.result ? { result: wanted.result } : {}),
      },
    },
    args: wanted.args ?? [],
    context: {
      trace: undefined,
      baggage: '',
      deadline: Date.now() + 60_000,
      linkName: 'default',
      ...wanted.context,
    },
    signal: new AbortController().signal,
    course: new CallCourse(),
  }
}
