import { formatTraceparent, type TraceContext } from '../call/trace-context.ts'
import type { HttpFields, HttpRequest } from '../capability/http.ts'

/**
 * The request as a guest sees it: its `traceparent` names the host's span of this call, so that what the guest exports by
 * itself, or sends on with the headers it was given, stands under it and not beside it. Headers are put together when the
 * guest asks for them.
 */
export function tracedRequest(request: HttpRequest, trace: TraceContext | undefined): HttpRequest {
  if (!trace) return request
  return {
    ...request,
    get headers() {
      return withTrace(request.headers, trace)
    },
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
