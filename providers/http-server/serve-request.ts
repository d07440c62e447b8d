import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Call, Operation } from '../../src/call/call.ts'
import { CallAbort } from '../../src/call/call-abort.ts'
import { childOf } from '../../src/call/child.ts'
import { CallCourse } from '../../src/call/course.ts'
import { parseTraceparent, type TraceContext } from '../../src/call/trace-context.ts'
import type { HttpResult } from '../../src/capability/http.ts'
import { statusOfFailure } from '../../src/capability/http-status.ts'
import { handleOf, incomingHandler } from '../../src/capability/http-wit.ts'
import { preciseNow } from '../../src/clock.ts'
import { WeftError } from '../../src/errors.ts'
import type { Log } from '../../src/log.ts'
import type { ProviderContext, ProviderLink } from '../../src/provider.ts'
import { requestFromIncoming } from './request-from-incoming.ts'
import { writeResult } from './write-result.ts'

/** Where requests go: the component at the other end of a link, which may change while the way in stays. */
export interface Site {
  readonly context: ProviderContext
  link: ProviderLink
  /** How long a request may take in all, its body included. */
  readonly timeoutMs: number
  /** The pattern that the request's path matched, where paths are told apart. */
  readonly route?: string | undefined
}

/** Hands a request to the component of a site and writes what it answers, or the status of what went wrong. */
export async function serveRequest(site: Site, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { context, link } = site
  const gone = new CallAbort()
  const closed = new Promise<void>((resolve) => {
    res.on('close', () => {
      if (!res.writableFinished) gone.abort(new WeftError('cancelled', whyGone(req)))
      resolve()
    })
  })
  const call = callFrom(site, req, gone.signal)
  call.course.response = res
  let trace: TraceContext | undefined
  try {
    await context.enter(call, async (entered) => {
      const { operation, args } = call
      trace = entered.context.trace
      // Both begin together: nothing waits between them.
      const { begun } = call.course
      const result = (await context.invoke(
        childOf(entered, { target: link.target, operation, args, linkName: link.name, begun }),
      )) as HttpResult
      // The request is not over before its body is out: the span and the deadline last that long.
      await writeResult(res, result, { isHead: req.method === 'HEAD', closed })
      return result
    })
  } catch (error) {
    fail(context.log.with({ traceId: trace?.traceId, spanId: trace?.spanId }), res, WeftError.from(error))
  }
}

/** Node answers what is not HTTP itself, and closes the connection. */
function whyGone({ socket: { errored } }: IncomingMessage): string {
  const isOdd = errored !== null && 'code' in errored && String(errored.code).startsWith('HPE_')
  return isOdd
    ? `the HTTP client sent what is not HTTP: ${errored.message}`
    : 'the HTTP client closed the connection'
}

let handle: Operation | undefined

function callFrom(
  { context, link, timeoutMs, route }: Site,
  req: IncomingMessage,
  signal: AbortSignal,
): Call {
  handle ??= handleOf(incomingHandler())
  const begun = preciseNow()
  return {
    source: 'http',
    target: context.id,
    operation: handle,
    args: [requestFromIncoming(req)],
    context: {
      trace: parseTraceparent(header(req, 'traceparent'), header(req, 'tracestate')),
      baggage: header(req, 'baggage'),
      deadline: begun + timeoutMs,
      linkName: 'default',
    },
    signal,
    course: new CallCourse(begun),
    recipient: link.target,
    route,
  }
}

function header({ headers }: IncomingMessage, name: string): string {
  const value = headers[name]
  return Array.isArray(value) ? value.join(',') : (value ?? '')
}

function fail(log: Log, res: ServerResponse, error: WeftError): void {
  // The client hung up: nobody is there to answer. Others may have given up the call while the client still waits.
  if (res.closed || res.destroyed) return
  if (res.headersSent) {
    log.warn(`response broken off: ${error.message}`)
    return void res.destroy()
  }
  log.warn(`request failed: ${error.message}`, { code: error.code })
  res.writeHead(statusOfFailure(error), { 'content-type': 'text/plain; charset=utf-8' })
  res.end(`${error.code === 'trapped' || error.code === 'internal' ? 'internal error' : error.message}\n`)
}
