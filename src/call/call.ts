import { WeftError } from '../errors.ts'
import type { WitFunction } from '../wit/type.ts'
import type { CallCourse } from './course.ts'
import type { CallSession } from './session.ts'
import type { TraceContext } from './trace-context.ts'

/** What is called: a function of a WIT interface, with its type (the wire and the checks need it). */
export interface Operation {
  /** `ns:pkg/iface@version`; '' for a function of the world itself. */
  readonly interface: string
  readonly function: WitFunction
}

/** What travels with a call, explicitly: guests suspend, so ambient context is not to be trusted. */
export interface CallContext {
  /**
   * The span this call runs under; undefined starts a new trace. Who traces the call on its way puts a span of its own here: a
   * call is made once, and a copy of it for each span would cost more than the span.
   */
  trace: TraceContext | undefined
  /** The W3C `baggage` header; '' when there is none. */
  readonly baggage: string
  /** When the caller stops waiting: milliseconds since the epoch, by `preciseNow`. */
  readonly deadline: number
  readonly linkName: string
}

/** The broker message that a provider made a call of. */
export interface MessageOrigin {
  /** The broker's system as OpenTelemetry names it: `nats`. */
  readonly system: string
  /** What was subscribed to, wildcards and all. */
  readonly subscription: string
  /** The queue group that shares its messages; undefined when every subscriber gets each. */
  readonly group: string | undefined
  /** What the message was sent under; undefined when it carries no trace. */
  readonly sentUnder: TraceContext | undefined
}

/** Ends a call, and all that is called within it, in time. */
export interface CallLimit {
  /** When it does at the latest: milliseconds since the epoch, by `preciseNow`. */
  readonly deadline: number
  /** Tells `call` when this limit gives up, unless `forget` comes first. A call is watched by one limit at a time. */
  watch(call: LimitedWithin): void
  /** Takes `watch` back, if it is watched. */
  forget(call: LimitedWithin): void
}

/** A call that ends with one that it was made within. */
export interface LimitedWithin {
  /** Called once at most; must not throw. */
  giveUp(reason: unknown): void
  /** Those that were watched before and after it: they are a chain by themselves, so that no list is made for each call. */
  outer: LimitedWithin | undefined
  inner: LimitedWithin | undefined
}

/** One call, wherever it comes from or goes. */
export interface Call {
  /** Id of the calling component or provider, or `cli`. */
  readonly source: string
  /** Id of the component or provider that is called. */
  readonly target: string
  readonly operation: Operation
  /** Values as `WitType` describes them, one for each parameter. */
  readonly args: readonly unknown[]
  readonly context: CallContext
  readonly signal: AbortSignal
  /** What aborts `signal` in time; undefined when nobody sees to that. */
  readonly limit?: CallLimit | undefined
  /** What happened on the way; spans and metrics are made of it. */
  readonly course: CallCourse
  /** Only on a call that passes resources, or belongs to those that do. */
  readonly session?: CallSession | undefined
  /** Only on the call with which a request or a message enters the lattice: the component that it is for. */
  readonly recipient?: string
  /** Only on the call with which an HTTP request enters the lattice: the pattern that its path matched, if any. */
  readonly route?: string | undefined
  /** Only on the call with which a message enters the lattice. */
  readonly message?: MessageOrigin
}

/**
 * Makes a call and gives back its result value (undefined when the function has none). A WIT `result` comes back as a
 * value `{tag:'ok'|'err', val}`. Everything else that goes wrong is thrown as a `WeftError`.
 */
export type Invoke = (call: Call) => Promise<unknown>

/** Wraps a call: what it does before and after is seen by every call that passes. */
export type Interceptor = (next: Invoke) => Invoke

/** Puts interceptors around `invoke`; the first one is the outermost. */
export function chain(interceptors: readonly Interceptor[], invoke: Invoke): Invoke {
  return interceptors.reduceRight((next, interceptor) => interceptor(next), invoke)
}

/** The same for calls that each go on elsewhere: the interceptors are put together once, not for each call. */
export function entering(
  interceptors: readonly Interceptor[],
): (call: Call, next: Invoke) => Promise<unknown> {
  const invoke = chain(interceptors, (call) => (call.course.onward ?? nowhere)(call))
  return (call, next) => {
    call.course.onward = next
    return invoke(call)
  }
}

async function nowhere(call: Call): Promise<never> {
  throw new WeftError('internal', `${operationName(call.operation)} entered and goes nowhere`)
}

/** `wasi:keyvalue/store@0.2.0-draft.get`, for people. */
export function operationName(operation: Operation): string {
  return operation.interface === ''
    ? operation.function.name
    : `${operation.interface}.${operation.function.name}`
}
