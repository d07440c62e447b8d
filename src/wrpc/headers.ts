import { headers, type MsgHdrs } from 'nats'
import type { Call, CallContext } from '../call/call.ts'
import { formatTraceparent, parseTraceparent } from '../call/trace-context.ts'
import { fromSystemTime, toSystemTime } from '../clock.ts'
import { errorCodeFrom, limitFrom, WeftError } from '../errors.ts'

/** The NATS headers of a call. The `weft-` ones are ours; other peers pass over them. */
const headerNames = {
  sourceId: 'source-id',
  targetId: 'target-id',
  linkName: 'link-name',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  baggage: 'baggage',
  /**
   * `1`: this side is Weft. On the accept, and on the first message, where words may follow: `deadline=` (when the caller
   * stops waiting) and `accept-by=` (a server that reads the message later drops it), both milliseconds since the epoch,
   * and `whole` (the params end with this message: a Weft server waits for no more, others get the end they wait for).
   */
  weftPeer: 'weft-peer',
  /** Who has taken the call: id of the host, and which of its threads (`host.thread`). On the accept. */
  weftHost: 'weft-host',
  /** `code: message`, on the empty message that ends a stream because something failed. */
  weftError: 'weft-error',
  /** Which limit of a component was hit, beside an error that came of that. */
  weftLimit: 'weft-limit',
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
  /** By `preciseNow`; undefined when the caller is not Weft or sent nonsense. */
  readonly deadline: number | undefined
  /** By the system's clock. */
  readonly acceptBy: number | undefined
  /** Whether the params end with the first message. */
  readonly whole: boolean
}

/** Headers and the bytes they take in a message. */
export interface SizedHeaders {
  readonly headers: MsgHdrs
  readonly size: number
}

/** The headers of a call's first message; `params` is whether it holds all of them. */
export function headersFromCall(call: Call, acceptBy: number, params: 'whole' | 'begun'): SizedHeaders {
  const { trace, baggage, linkName, deadline } = call.context
  return sized([
    [headerNames.sourceId, call.source],
    [headerNames.targetId, call.target],
    [headerNames.linkName, linkName],
    [headerNames.traceparent, trace === undefined ? '' : formatTraceparent(trace)],
    [headerNames.tracestate, trace?.traceState ?? ''],
    [headerNames.baggage, baggage],
    [headerNames.weftPeer, peerWords({ deadline: toSystemTime(deadline), acceptBy, params })],
  ])
}

/** Reads the headers of a first message; absent ones have the meaning that wasmCloud gives them. */
export function callFromHeaders(found: MsgHdrs | undefined): CallHeaders {
  const values = new Map<string, string>()
  for (const [name, [value = '']] of found ?? []) values.set(name.toLowerCase(), value)
  const get = (name: string) => values.get(name) ?? ''
  const [mark, ...words] = get(headerNames.weftPeer).split(' ')
  const word = (name: string) => words.find((each) => each.startsWith(name))?.slice(name.length)
  const deadline = milliseconds(word('deadline='))
  return {
    source: get(headerNames.sourceId) || unknownSource,
    trace: parseTraceparent(get(headerNames.traceparent) || undefined, get(headerNames.tracestate)),
    baggage: get(headerNames.baggage),
    linkName: get(headerNames.linkName) || defaultLinkName,
    fromWeft: mark === '1',
    deadline: deadline === undefined ? undefined : fromSystemTime(deadline),
    acceptBy: milliseconds(word('accept-by=')),
    whole: words.includes('whole'),
  }
}

/** The mark that a Weft server puts on its accept; made once for many. */
export function weftMark(acceptor: string): MsgHdrs {
  return sized([
    [headerNames.weftPeer, '1'],
    [headerNames.weftHost, acceptor],
  ]).headers
}

/** Who has accepted (`host.thread`); '' when it does not say. */
export function hostFrom(found: MsgHdrs | undefined): string {
  return found?.get(headerNames.weftHost) ?? ''
}

/** Whether the sender of a message with these headers is Weft. */
export function isFromWeft(found: MsgHdrs | undefined): boolean {
  return found?.get(headerNames.weftPeer) === '1'
}

/** The headers that tell a Weft peer why a stream ends. Only code, message and limit travel. */
export function headersFromError(error: WeftError): MsgHdrs {
  const message = error.message.replace(/\s+/g, ' ').slice(0, maxErrorLength)
  return sized([
    [headerNames.weftError, `${error.code}: ${message}`],
    [headerNames.weftLimit, error.limit ?? ''],
  ]).headers
}

/** Reads those headers; undefined when there are none. */
export function errorFromHeaders(found: MsgHdrs | undefined): WeftError | undefined {
  const text = found?.get(headerNames.weftError) ?? ''
  if (text === '') return undefined
  const colon = text.indexOf(':')
  if (colon < 0) return new WeftError('internal', text)
  const limit = limitFrom(found?.get(headerNames.weftLimit))
  return new WeftError(errorCodeFrom(text.slice(0, colon)), text.slice(colon + 1).trim(), {
    ...(limit && { limit }),
  })
}

function peerWords(first: {
  readonly deadline: number
  readonly acceptBy: number
  readonly params: 'whole' | 'begun'
}): string {
  const deadline = Number.isFinite(first.deadline) ? ` deadline=${Math.round(first.deadline)}` : ''
  const whole = first.params === 'whole' ? ' whole' : ''
  return `1${deadline} accept-by=${Math.round(first.acceptBy)}${whole}`
}

function milliseconds(text = ''): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/**
 * Headers made in one go: the client's own way, one by one with a search each, takes longer than all else that a small
 * call costs. When it publishes, the client asks its headers for their bytes; these have them.
 */
function sized(pairs: readonly (readonly [string, string])[]): SizedHeaders {
  let text = 'NATS/1.0\r\n'
  for (const [name, raw] of pairs) {
    // A header that came from outside must not fail the call.
    const value = /[\r\n]/.test(raw) ? raw.replace(/[\r\n]+/g, ' ').trim() : raw
    if (value !== '') text += `${name}: ${value}\r\n`
  }
  const bytes = Buffer.from(`${text}\r\n`)
  return { headers: Object.assign(headers(), { encode: () => bytes }), size: bytes.length }
}
