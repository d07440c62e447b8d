import { headers, type MsgHdrs } from 'nats'
import type { TraceHeaders } from '../trace-work.ts'

const names = ['traceparent', 'tracestate'] as const

/** The trace that a message carries, not yet checked; undefined when there is none. */
export function traceFrom(given: MsgHdrs | undefined): TraceHeaders | undefined {
  const traceparent = given?.get('traceparent') ?? ''
  return traceparent === '' ? undefined : { traceparent, tracestate: given?.get('tracestate') ?? '' }
}

/** Puts a trace into the headers of a message. */
export function withTrace(trace: TraceHeaders | undefined, made: MsgHdrs = headers()): MsgHdrs {
  for (const name of names) if (trace && trace[name] !== '') made.set(name, trace[name])
  return made
}
