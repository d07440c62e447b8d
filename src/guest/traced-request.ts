import { formatTraceparent, type TraceContext } from '../call/trace-context.ts'
import type { HttpFields, HttpRequest } from '../capability/http.ts'

/**
 * The request as a guest sees it: its `traceparent` names the host's span of this call, so that what the guest exports by
 * itself, or sends on with the headers it was given, stands under it and not beside it.
 */
export function tracedRequest(request: HttpRequest, trace: TraceContext | undefined): HttpRequest {
  return trace ? new TracedRequest(request, trace) : request
}

/**
 * Headers are put together when the guest asks for them. A class, because each object literal with a getter would leave a
 * shape of its own in the old generation, and with it the whole request.
 */
class TracedRequest implements HttpRequest {
  readonly #request: HttpRequest
  readonly #trace: TraceContext

  constructor(request: HttpRequest, trace: TraceContext) {
    this.#request = request
    this.#trace = trace
  }

  get body(): HttpRequest['body'] {
    return this.#request.body
  }

  get trailers(): HttpRequest['trailers'] {
    return this.#request.trailers
  }

  get method(): HttpRequest['method'] {
    return this.#request.method
  }

  get pathWithQuery(): string | undefined {
    return this.#request.pathWithQuery
  }

  get scheme(): HttpRequest['scheme'] {
    return this.#request.scheme
  }

  get authority(): string | undefined {
    return this.#request.authority
  }

  get headers(): HttpFields {
    return withTrace(this.#request.headers, this.#trace)
  }
}

function withTrace(headers: HttpFields, trace: TraceContext): HttpFields {
  const others = headers.filter(([name]) => !isTraceHeader(name))
  const traced: [string, Uint8Array[]][] = [['traceparent', [Buffer.from(formatTraceparent(trace))]]]
  if (trace.traceState !== '') traced.push(['tracestate', [Buffer.from(trace.traceState)]])
  return [...others, ...traced]
}

function isTraceHeader(name: string): boolean {
  const lower = name.toLowerCase()
  return lower === 'traceparent' || lower === 'tracestate'
}
