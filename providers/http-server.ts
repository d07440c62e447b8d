import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import type { Call } from '../src/call/call.ts'
import { childOf } from '../src/call/child.ts'
import { CallCourse } from '../src/call/course.ts'
import { parseTraceparent } from '../src/call/trace-context.ts'
import type { HttpResult } from '../src/capability/http.ts'
import { incomingHandler } from '../src/capability/http-wit.ts'
import { WeftError } from '../src/errors.ts'
import { defineProvider, type ProviderContext, type ProviderLink } from '../src/provider.ts'
import { type ListenOptions, listenOptionsFrom } from './http-server/listen-options.ts'
import { requestFromIncoming } from './http-server/request-from-incoming.ts'
import { statusOf, writeResult } from './http-server/write-result.ts'

/**
 * Serves HTTP and hands each request to the component at the other end of its link `wasi:http/incoming-handler`.
 * Link source config: `address` (`host:port`, default `0.0.0.0:8000`) or `port`, `timeout_ms` (default 30000).
 */
export default defineProvider({
  name: 'http-server',
  runs: 'per-thread',
  exports: [],
  async start(context) {
    const listeners = new Map<string, Listener>()
    const failures = new Map<string, string>()
    const put = async (link: ProviderLink) => {
      if (link.source !== context.id) return
      try {
        const options = listenOptionsFrom(link.sourceConfig)
        if (context.isLeader) await requireFreePort(options)
        const route = { link, options }
        const server = await listen(options, (req, res) => serve(context, route, req, res))
        listeners.set(link.name, { server, route })
        failures.delete(link.name)
      } catch (error) {
        failures.set(link.name, WeftError.from(error).message)
        throw error
      }
    }
    const remove = async (link: ProviderLink) => {
      failures.delete(link.name)
      const listener = listeners.get(link.name)
      listeners.delete(link.name)
      if (listener) await close(listener.server)
    }
    return {
      putLink: put,
      deleteLink: remove,
      async moveLink(before, after) {
        const listener = listeners.get(before.name)
        if (listener && isDeepStrictEqual(before.sourceConfig, after.sourceConfig)) {
          listener.route.link = after
          return
        }
        await remove(before)
        await put(after)
      },
      async health() {
        return failures.size === 0 ? undefined : [...failures.values()].join('; ')
      },
      async stop() {
        await Promise.all([...listeners.values()].map(({ server }) => close(server)))
      },
    }
  },
})

/** Where requests go, and how: the link may change while the listener stays. */
interface Route {
  link: ProviderLink
  readonly options: ListenOptions
}

interface Listener {
  readonly server: Server
  readonly route: Route
}

/**
 * With `reusePort` another host of the same user on this machine could share the port unseen: a listener of its own,
 * opened and closed, finds out.
 */
async function requireFreePort(options: ListenOptions): Promise<void> {
  const probe = createServer()
  await listening(probe, options, false)
  await close(probe)
}

/** `reusePort` lets every data thread of the host accept on the same port. */
async function listen(
  options: ListenOptions,
  onRequest: (req: IncomingMessage, res: ServerResponse) => void,
): Promise<Server> {
  const server = createServer(onRequest)
  await listening(server, options, true)
  return server
}

function listening(server: Server, options: ListenOptions, reusePort: boolean): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, options)))
    server.listen({ host: options.host, port: options.port, reusePort }, resolve)
  })
}

function listenError(error: NodeJS.ErrnoException, { host, port }: ListenOptions): WeftError {
  const reason =
    error.code === 'EADDRINUSE'
      ? 'another program listens there: stop it, or set another `address` in the link'
      : error.message
  return new WeftError('unavailable', `cannot listen on ${host}:${port}: ${reason}`, { cause: error })
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeIdleConnections()
  await closed
}

async function serve(
  context: ProviderContext,
  { link, options }: Route,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const call = callFrom(context, options, req, res)
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
      await writeResult(res, result, req.method === 'HEAD')
      return result
    })
  } catch (error) {
    fail(context, res, WeftError.from(error))
  }
}

function callFrom(
  context: ProviderContext,
  options: ListenOptions,
  req: IncomingMessage,
  res: ServerResponse,
): Call {
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
      deadline: Date.now() + options.timeoutMs,
      linkName: 'default',
    },
    signal: gone.signal,
    course: new CallCourse(),
  }
}

function fail(context: ProviderContext, res: ServerResponse, error: WeftError): void {
  if (error.code === 'cancelled') return void res.destroy()
  if (res.headersSent) {
    context.log.warn(`response broken off: ${error.message}`)
    return void res.destroy()
  }
  context.log.warn(`request failed: ${error.message}`, { code: error.code })
  res.writeHead(statusOf(error.code), { 'content-type': 'text/plain; charset=utf-8' })
  res.end(`${error.code === 'trapped' || error.code === 'internal' ? 'internal error' : error.message}\n`)
}
