import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Call } from '../../src/call/call.ts'
import { childOf } from '../../src/call/child.ts'
import { CallCourse } from '../../src/call/course.ts'
import { parseTraceparent } from '../../src/call/trace-context.ts'
import type { HttpResult } from '../../src/capability/http.ts'
import { incomingHandler } from '../../src/capability/http-wit.ts'
import { WeftError } from '../../src/errors.ts'
import type { ProviderContext, ProviderLink } from '../../src/provider.ts'
import { requestFromIncoming } from './request-from-incoming.ts'
import { statusOf, writeResult } from './write-result.ts'

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
  const call = callFrom(site, req, res)
  try {
    await context.enter(call, async (entered) => {
      const result = (await context.invoke(
        childOf(entered, {
          target: link.target,
          operation: call.operation,
          args: call.args,
          linkName: link.name,
        }),
      )) as HttpResult
      // The request is not over before its body is out: the span and the deadline last that long.
      await writeResult(res, result, { isHead: req.method === 'HEAD' })
      return result
    })
  } catch (error) {
    fail(context, res, WeftError.from(error))
  }
}

function callFrom({ context, timeoutMs, route }: Site, req: IncomingMessage, res: ServerResponse): Call {
  const gone = new AbortController()
  res.once('close', () => {
    if (!res.writableFinished) gone.abort(new WeftError('cancelled', 'the HTTP client closed the connection'))
  })
  const handler = incomingHandler()
  const handle = handler.functions.find((fn) => fn.name === 'handle')
  if (!handle) throw new WeftError('internal', `${handler.id} has no handle`)
  const single = (name: string) => {
    const value = req.headers[name]
    return Array.isArray(value) ? value.join(',') : (value ?? '')
  }
  return {
    source: 'http',
    target: context.id,
    operation: { interface: handler.id, function: handle },
    args: [requestFromIncoming(req)],
    context: {
      trace: parseTraceparent(single('traceparent'), single('tracestate')),
      baggage: single('baggage'),
      deadline: Date.now() + timeoutMs,
      linkName: 'default',
    },
    signal: gone.signal,
    course: new CallCourse(),
    ...(route !== undefined && { route }),
  }
}

function fail(context: ProviderContext, res: ServerResponse, error: WeftError): void {
  // The client hung up: nobody is there to answer. Others may have given up the call while the client still waits.
  if (res.closed || res.destroyed) return
  if (res.headersSent) {
    context.log.warn(`response broken off: ${error.message}`)
    return void res.destroy()
  }
  context.log.warn(`request failed: ${error.message}`, { code: error.code })
  res.writeHead(statusOf(error.code), { 'content-type': 'text/plain; charset=utf-8' })
  res.end(`${error.code === 'trapped' || error.code === 'internal' ? 'internal error' : error.message}\n`)
}
