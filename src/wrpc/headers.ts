import { headers, type MsgHdrs } from 'nats'
import type { Call, CallContext } from '../call/call.ts'
import { formatTraceparent, parseTraceparent } from '../call/trace-context.ts'
import { errorCodeFrom, WeftError } from '../errors.ts'

/** The NATS headers of a call. The `weft-` ones are ours; other peers pass over them. */
export const headerNames = {
  sourceId: 'source-id',
  targetId: 'target-id',
  linkName: 'link-name',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  baggage: 'baggage',
  /** `1`: this side is Weft. On the first message and on the accept. */
  weftPeer: 'weft-peer',
  /** Id of the host that has taken the call. On the accept. */
  weftHost: 'weft-host',
  /** When the caller stops waiting: milliseconds since the epoch. */
  weftDeadline: 'weft-deadline',
  /** A server that reads the first message later than this drops it: milliseconds since the epoch. */
  weftAcceptBy: 'weft-accept-by',
  /** `code: message`, on the empty message that ends a stream because something failed. */
  weftError: 'weft-error',
} as const

/** As wasmCloud's provider SDK reads them when they are absent. */
const unknownSource = '<unknown>'
const defaultLinkName = 'default'
/** Keeps an error's message well below the headers a NATS server takes. */
const maxErrorLength = 2048

/** What the headers of a first message say. */
export interface CallHeaders {
  readonly source: string
  readonly trace: CallContext['trace']
  readonly baggage: string
  readonly linkName: string
  readonly fromWeft: boolean
  /** Undefined when the caller is not Weft or sent nonsense. */
  readonly deadline: number | undefined
  readonly acceptBy: number | undefined
}

/** Headers and the bytes they take in a message. */
export interface SizedHeaders {
  readonly headers: MsgHdrs
  readonly size: number
}

/** The headers of a call's first message. */
export function headersFromCall(call: Call, acceptBy: number): SizedHeaders {
  const { trace, baggage, linkName, deadline } = call.context
  return sized([
    [headerNames.sourceId, call.source],
    [headerNames.targetId, call.target],
    [headerNames.linkName, linkName],
    [headerNames.traceparent, trace === undefined ? '' : formatTraceparent(trace)],
    [headerNames.tracestate, trace?.traceState ?? ''],
    [headerNames.baggage, baggage],
    [headerNames.weftPeer, '1'],
    [headerNames.weftDeadline, Number.isFinite(deadline) ? String(Math.round(deadline)) : ''],
    [headerNames.weftAcceptBy, String(Math.round(acceptBy))],
  ])
}

/** Reads the headers of a first message; absent ones have the meaning that wasmCloud gives them. */
export function callFromHeaders(found: MsgHdrs | undefined): CallHeaders {
  const values = new Map<string, string>()
  for (const [name, [value = '']] of found ?? []) values.set(name.toLowerCase(), value)
  const get = (name: string) => values.get(name) ?? ''
  return {
    source: get(headerNames.sourceId) || unknownSource,
    trace: parseTraceparent(get(headerNames.traceparent) || undefined, get(headerNames.tracestate)),
    baggage: get(headerNames.baggage),
    linkName: get(headerNames.linkName) || defaultLinkName,
    fromWeft: get(headerNames.weftPeer) === '1',
    deadline: milliseconds(get(headerNames.weftDeadline)),
    acceptBy: milliseconds(get(headerNames.weftAcceptBy)),
  }
}

/** The mark that a Weft server puts on its accept. */
export function weftMark(hostId: string): MsgHdrs {
  return sized([
    [headerNames.weftPeer, '1'],
    [headerNames.weftHost, hostId],
  ]).headers
}

/** The host that has accepted; '' when it does not say. */
export function hostFrom(found: MsgHdrs | undefined): string {
  return found?.get(headerNames.weftHost) ?? ''
}

/** Whether the sender of a message with these headers is Weft. */
export function isFromWeft(found: MsgHdrs | undefined): boolean {
  return found?.get(headerNames.weftPeer) === '1'
}

/** The header that tells a Weft peer why a stream ends. Only code and message travel. */
export function headersFromError(error: WeftError): MsgHdrs {
  const message = error.message.replace(/\s+/g, ' ').slice(0, maxErrorLength)
  return sized([[headerNames.weftError, `${error.code}: ${message}`]]).headers
}

/** Reads that header; undefined when there is none. */
export function errorFromHeaders(found: MsgHdrs | undefined): WeftError | undefined {
  const text = found?.get(headerNames.weftError) ?? ''
  if (text === '') return undefined
  const colon = text.indexOf(':')
  if (colon < 0) return new WeftError('internal', text)
  return new WeftError(errorCodeFrom(text.slice(0, colon)), text.slice(colon + 1).trim())
}

function milliseconds(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function sized(pairs: readonly (readonly [string, string])[]): SizedHeaders {
  const made = headers()
  let size = 'NATS/1.0\r\n\r\n'.length
  for (const [name, raw] of pairs) {
    // The client refuses line breaks; a header that came from outside must not fail the call.
    const value = raw.replace(/[\r\n]+/g, ' ').trim()
    if (value === '') continue
    made.append(name, value)
    size += name.length + Buffer.byteLength(value) + ': \r\n'.length
  }
  return { headers: made, size }
}
