import type { IncomingMessage } from 'node:http'
import {
  type HttpFields,
  type HttpMethod,
  type HttpRequest,
  noBody,
  noTrailers,
} from '../../src/capability/http.ts'
import { giveAway } from '../../src/given-bytes.ts'
import { requestTarget } from './request-target.ts'

const known = ['get', 'head', 'post', 'put', 'delete', 'connect', 'options', 'trace', 'patch']
const methods = new Map(known.map((tag) => [tag.toUpperCase(), { tag }]))
const http = { tag: 'HTTP' }
const encoder = new TextEncoder()

/** Node's request as the lattice's record. Nothing is read, or put together of its headers, before somebody asks. */
export function requestFromIncoming(req: IncomingMessage): HttpRequest {
  return new ReceivedRequest(req)
}

class ReceivedRequest implements HttpRequest {
  readonly body: AsyncIterable<Uint8Array>
  readonly trailers = noTrailers
  readonly method: HttpMethod
  readonly pathWithQuery: string
  readonly scheme = http
  readonly authority: string
  readonly #raw: readonly string[]
  #headers: HttpFields | undefined

  constructor(req: IncomingMessage) {
    const { path, authority } = requestTarget(req)
    this.body = hasBody(req) ? bodyOf(req) : noBody
    this.method = methodFrom(req.method ?? 'GET')
    this.pathWithQuery = path
    // A URI with a scheme needs an authority; HTTP/1.0 clients may send no host.
    this.authority = authority ?? `${req.socket.localAddress}:${req.socket.localPort}`
    this.#raw = req.rawHeaders
  }

  get headers(): HttpFields {
    this.#headers ??= headersFrom(this.#raw)
    return this.#headers
  }
}

/** RFC 9112, 6.3: a request without either header has no body. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
}

async function* bodyOf(req: IncomingMessage): AsyncGenerator<Uint8Array> {
  for await (const chunk of req) yield giveAway(chunk as Buffer)
}

function methodFrom(method: string): HttpMethod {
  return methods.get(method.toUpperCase()) ?? { tag: 'other', val: method }
}

/** Raw headers are a flat list: name, value, name, value. */
function headersFrom(raw: readonly string[]): HttpFields {
  const grouped = new Map<string, [string, Uint8Array[]]>()
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase()
    const value = encoder.encode(raw[at + 1])
    const group = grouped.get(name)
    if (group) group[1].push(value)
    else grouped.set(name, [name, [value]])
  }
  return [...grouped.values()]
}
