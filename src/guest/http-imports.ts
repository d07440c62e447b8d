import { guestError } from '../capability/guest-error.ts'
import type { HttpRequest, HttpResult } from '../capability/http.ts'
import { handleOf, incomingHandler, outgoingHandler } from '../capability/http-wit.ts'
import { WeftError } from '../errors.ts'
import type { Importing } from './importing.ts'
import { Request } from './wasi-0-3/request.ts'
import { Response } from './wasi-0-3/response.ts'
import type { WasiContext } from './wasi-context.ts'

/**
 * Sends a guest's outgoing request: itself where the manifest names the server, else over the link for
 * `wasi:http/outgoing-handler`.
 */
export async function sendRequest(
  invocation: Importing,
  { network, warn }: Pick<WasiContext, 'network' | 'warn'>,
  args: readonly [request: HttpRequest, options: unknown],
): Promise<HttpResult> {
  const { http } = network
  const operation = handleOf(outgoingHandler())
  const key = 'wasi:http/outgoing-handler'
  try {
    if (http.covers(args[0]))
      return (await invocation.callHost('outside', operation, args, http.send)) as HttpResult
    if (http.isGranted && !invocation.hasLink(key)) {
      const text = `the guest may not send requests to ${args[0].authority}: "http" of "network" in its manifest does not name it`
      if (network.isNews(text)) warn(text)
      return { tag: 'err', val: { tag: 'HTTP-request-denied' } }
    }
    return (await invocation.callOut(key, operation.interface, operation.function, args)) as HttpResult
  } catch (error) {
    return failed(error)
  }
}

/** `wasi:http/client@0.3`. */
export function clientImports(invocation: Importing, context: WasiContext): object {
  return {
    async send(request: Request): Promise<Response> {
      const sent = [Request.sent(request), Request.sentOptions(request)] as const
      return received(await sendRequest(invocation, context, sent))
    },
  }
}

/**
 * `wasi:http/handler@0.3` as an import: what a middleware calls next, over its link for `wasi:http/incoming-handler`, as
 * WASI 0.2 names it.
 */
export function handlerImports(invocation: Importing): object {
  const operation = handleOf(incomingHandler())
  const key = 'wasi:http/incoming-handler'
  return {
    async handle(request: Request): Promise<Response> {
      const args = [Request.sent(request)]
      const calling = invocation.callOut(key, operation.interface, operation.function, args)
      return received((await calling.catch(failed)) as HttpResult)
    },
  }
}

function received(result: HttpResult): Response {
  if (result.tag === 'err') throw guestError(result.val)
  return Response.received(result.val)
}

function failed(error: unknown): HttpResult {
  return { tag: 'err', val: { tag: 'internal-error', val: WeftError.from(error).message } }
}
