import { headers, type MsgHdrs } from 'nats'
import type { CallContext } from '../../src/call/call.ts'
import { formatTraceparent, parseTraceparent } from '../../src/call/trace-context.ts'

/** The part of a call's context that travels with a message: W3C trace context and baggage. */
export type MessageContext = Pick<CallContext, 'trace' | 'baggage'>

/** Undefined when there is nothing to say. */
export function headersFromContext({ trace, baggage }: MessageContext): MsgHdrs | undefined {
  const made = headers()
  const put = (name: string, value: string) => {
    // The client refuses line breaks; a header that came from outside must not fail the message.
    const line = value.replace(/[\r\n]+/g, ' ').trim()
    if (line !== '') made.set(name, line)
  }
  if (trace) {
    put('traceparent', formatTraceparent(trace))
    put('tracestate', trace.traceState)
  }
  put('baggage', baggage)
  return made.keys().length > 0 ? made : undefined
}

/** What a message says of where it comes from, whoever sent it. */
export function contextFromHeaders(found: MsgHdrs | undefined): MessageContext {
  const values = new Map<string, string>()
  for (const [name, [value = '']] of found ?? []) values.set(name.toLowerCase(), value)
  return {
    trace: parseTraceparent(values.get('traceparent'), values.get('tracestate')),
    baggage: values.get('baggage') ?? '',
  }
}
