import { type Agent, type IncomingMessage, request as plainRequest } from 'node:http'
import { type Agent as SecureAgent, request as secureRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Call } from '../call/call.ts'
import { formatTraceparent } from '../call/trace-context.ts'
import { timerMs } from '../timer-ms.ts'
import {
  fieldsFromRaw,
  type HttpFields,
  type HttpRequest,
  type HttpResult,
  headerValue,
  methodName,
} from './http.ts'
import { errorCodeOf } from './http-error-code.ts'
import { urlOf } from './http-url.ts'

/** `request-options` of `wasi:http`, in nanoseconds. */
export interface SendOptions {
  readonly connectTimeout?: bigint
  readonly firstByteTimeout?: bigint
  readonly betweenBytesTimeout?: bigint
}

/** What one request is sent with. */
export interface SendContext {
  readonly call: Call
  readonly agents: { readonly http: Agent; readonly https: SecureAgent }
  readonly options: SendOptions
  /** Finds the addresses of a name, instead of the system. */
  readonly lookup?: LookupFunction
}

/** Methods whose requests mostly have no body: theirs is waited for, so that none is announced where there is none. */
const bodiless = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'])
const perConnection = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te', 'host'])

/** Sends a request and gives its answer once the head is there; both bodies stream. A failure is an error code. */
export async function sendHttp(request: HttpRequest, context: SendContext): Promise<HttpResult> {
  const url = urlOf(request)
  if (!url) return { tag: 'err', val: { tag: 'HTTP-request-URI-invalid' } }
  try {
    return { tag: 'ok', val: responseFrom(await exchange(url, request, context)) }
  } catch (error) {
    return { tag: 'err', val: errorCodeOf(error) }
  }
}

async function exchange(url: URL, request: HttpRequest, { call, agents, options, lookup }: SendContext) {
  const method = methodName(request.method)
  const chunks = request.body[Symbol.asyncIterator]()
  const first = bodiless.has(method) ? await chunks.next() : undefined
  const isSecure = url.protocol === 'https:'
  const sent = (isSecure ? secureRequest : plainRequest)(url, {
    method,
    headers: ['host', url.host, ...headersOf(request, call), ...framing(first, request)],
    agent: isSecure ? agents.https : agents.http,
    signal: call.signal,
    ...(lookup && { lookup }),
    ...(options.connectTimeout !== undefined && { timeout: millis(options.connectTimeout) }),
  })
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  sent.once('response', resolve)
  sent.once('error', reject)
  sent.once('timeout', () => sent.destroy(timedOut('connection-timeout')))
  const firstByte = limit(options.firstByteTimeout, () => sent.destroy(timedOut('HTTP-response-timeout')))
  if (first?.done) sent.end()
  else {
    const body = withTrailers(first, chunks, async () => {
      const trailers = await request.trailers
      if (trailers) sent.addTrailers(pairs(trailers))
    })
    // A body that breaks off breaks the request off; what then comes of it is told by the events above.
    void pipeline(Readable.from(body), sent).catch((error: Error) => reject(error))
  }
  try {
    const response = await promise
    sent.setTimeout(0)
    if (options.betweenBytesTimeout !== undefined)
      response.setTimeout(millis(options.betweenBytesTimeout), () =>
        response.destroy(timedOut('connection-read-timeout')),
      )
    return response
  } finally {
    clearTimeout(firstByte)
  }
}

async function* withTrailers(
  first: IteratorResult<Uint8Array> | undefined,
  chunks: AsyncIterator<Uint8Array>,
  end: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  for (let step = first ?? (await chunks.next()); !step.done; step = await chunks.next()) yield step.value
  await end()
}

/** A body where Node expects none is announced by us. */
function framing(first: IteratorResult<Uint8Array> | undefined, { headers }: HttpRequest): string[] {
  const needsChunks = first?.done === false && headerValue(headers, 'content-length') === undefined
  return needsChunks ? ['transfer-encoding', 'chunked'] : []
}

function headersOf(request: HttpRequest, call: Call): string[] {
  const { trace, baggage } = call.context
  const given = pairs(request.headers.filter(([name]) => !perConnection.has(name.toLowerCase()))).flat()
  const isTraced = headerValue(request.headers, 'traceparent') !== undefined
  if (isTraced || !trace) return given
  const state = trace.traceState === '' ? [] : ['tracestate', trace.traceState]
  const more =
    baggage === '' || headerValue(request.headers, 'baggage') !== undefined ? [] : ['baggage', baggage]
  return [...given, 'traceparent', formatTraceparent(trace), ...state, ...more]
}

function responseFrom(response: IncomingMessage) {
  const { promise: trailers, resolve } = Promise.withResolvers<HttpFields | undefined>()
  response.once('close', () => {
    resolve(response.rawTrailers.length > 0 ? fieldsFromRaw(response.rawTrailers) : undefined)
  })
  return {
    status: response.statusCode ?? 0,
    headers: fieldsFromRaw(response.rawHeaders).filter(([name]) => !perConnection.has(name)),
    body: response as AsyncIterable<Uint8Array>,
    trailers,
  }
}

function pairs(fields: HttpFields): [string, string][] {
  return fields.flatMap(([name, values]) =>
    values.map((value): [string, string] => [name, Buffer.from(value).toString('latin1')]),
  )
}

function limit(nanoseconds: bigint | undefined, act: () => void): NodeJS.Timeout | undefined {
  return nanoseconds === undefined ? undefined : setTimeout(act, millis(nanoseconds))
}

function millis(nanoseconds: bigint): number {
  return timerMs(Number(nanoseconds / 1_000_000n))
}

function timedOut(tag: string): Error {
  return Object.assign(new Error(tag), { wasiCode: tag })
}
