import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One export request as it came. `body` is parsed when it is JSON. */
export interface OtlpRequest {
  readonly path: string
  readonly contentType: string
  readonly headers: IncomingMessage['headers']
  readonly raw: Buffer
  readonly body: unknown
}

/** A span as OTLP/JSON has it, with its resource and its attributes as plain objects. */
export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly traceState?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly status: { readonly code?: number; readonly message?: string }
  readonly events: readonly unknown[]
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
  readonly resource: Readonly<Record<string, unknown>>
  readonly scope: string
}

export interface OtlpReceiver {
  readonly url: string
  readonly requests: readonly OtlpRequest[]
  /** All spans that came as JSON. */
  spans(): ReceivedSpan[]
  /** What to answer from now on; default 200. */
  answerWith(status: number): void
  /** Settles when `condition` holds after some request; rejects after `timeoutMs`. */
  until(condition: () => boolean, timeoutMs?: number): Promise<void>
  stop(): Promise<void>
}

/** A collector for OTLP over HTTP on a free port of the loopback, which keeps everything it is sent. */
export async function startOtlpReceiver(port = 0): Promise<OtlpReceiver> {
  const requests: OtlpRequest[] = []
  const watchers = new Set<() => void>()
  let status = 200
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const raw = Buffer.concat(chunks)
      const contentType = request.headers['content-type'] ?? ''
      const body: unknown = contentType === 'application/json' ? JSON.parse(raw.toString()) : undefined
      if (status === 200)
        requests.push({ path: request.url ?? '', contentType, headers: request.headers, raw, body })
      response
        .writeHead(status, { 'content-type': contentType })
        .end(contentType === 'application/json' ? '{}' : '')
      for (const watcher of watchers) watcher()
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const until: OtlpReceiver['until'] = (condition, timeoutMs = 10_000) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        watchers.delete(check)
        reject(new Error(`not so after ${timeoutMs} ms: ${condition}`))
      }, timeoutMs)
      const check = () => {
        if (!condition()) return
        clearTimeout(timer)
        watchers.delete(check)
        resolve()
      }
      watchers.add(check)
      check()
    })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    spans: () => requests.flatMap((request) => spansIn(request.body)),
    answerWith: (next) => {
      status = next
    },
    until,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface OtlpValue {
  readonly stringValue?: string
  readonly intValue?: number | string
  readonly doubleValue?: number
  readonly boolValue?: boolean
  readonly arrayValue?: { readonly values: readonly OtlpValue[] }
}
type OtlpAttributes = readonly { readonly key: string; readonly value: OtlpValue }[]

/** OTLP/JSON attributes as a plain object. */
export function plainAttributes(attributes: OtlpAttributes | undefined): Record<string, unknown> {
  return Object.fromEntries((attributes ?? []).map(({ key, value }) => [key, plainValue(value)]))
}

function plainValue(value: OtlpValue): unknown {
  if (value.arrayValue) return value.arrayValue.values.map(plainValue)
  if (value.intValue !== undefined) return Number(value.intValue)
  return value.stringValue ?? value.doubleValue ?? value.boolValue
}

type OtlpSpan = Omit<ReceivedSpan, 'attributes' | 'resource' | 'scope'> & {
  readonly attributes: OtlpAttributes
}

function spansIn(body: unknown): ReceivedSpan[] {
  const traces = body as {
    resourceSpans?: {
      resource: { attributes: OtlpAttributes }
      scopeSpans: { scope: { name: string }; spans: OtlpSpan[] }[]
    }[]
  }
  return (traces?.resourceSpans ?? []).flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map((span) => ({
        ...span,
        parentSpanId: span.parentSpanId ?? '',
        links: span.links ?? [],
        attributes: plainAttributes(span.attributes),
        resource: plainAttributes(resource.attributes),
        scope: scope.name,
      })),
    ),
  )
}
