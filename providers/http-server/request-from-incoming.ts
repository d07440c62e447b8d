import type { IncomingMessage } from 'node:http'
import {
  fieldsFromRaw,
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
const isAscii = /^[ -~]*$/

/** Node's request as the lattice's record. Nothing is read, or put together of its headers, before somebody asks. */
export function requestFromIncoming(req: IncomingMessage): HttpRequest {
  return new ReceivedRequest(req)
}

class ReceivedRequest implements HttpRequest {
  readonly body: AsyncIterable<Uint8Array>
  readonly method: HttpMethod
  readonly pathWithQuery: string
  readonly scheme = http
  readonly authority: string
  readonly #req: IncomingMessage
  #headers: HttpFields | undefined
  #trailers: Promise<HttpFields | undefined> | undefined

  constructor(req: IncomingMessage) {
    const { path, authority } = requestTarget(req)
    this.body = hasBody(req) ? bodyOf(req) : noBody
    this.method = methodFrom(req.method ?? 'GET')
    this.pathWithQuery = path
    // A URI with a scheme needs an authority; HTTP/1.0 clients may send no host.
    this.authority = authority ?? `${req.socket.localAddress}:${req.socket.localPort}`
    this.#req = req
  }

  get userAgent(): string {
    const { 'user-agent': text = '' } = this.#req.headers
    return isAscii.test(text) ? text : Buffer.from(text, 'latin1').toString()
  }

  get headers(): HttpFields {
    this.#headers ??= fieldsFromRaw(this.#req.rawHeaders)
    return this.#headers
  }

  get trailers(): Promise<HttpFields | undefined> {
    this.#trailers ??= this.#req.headers['transfer-encoding'] ? trailersOf(this.#req) : noTrailers
    return this.#trailers
  }
}

/** Known when the body has ended; undefined when it broke off, which the body tells. */
function trailersOf(req: IncomingMessage): Promise<HttpFields | undefined> {
  const came = () => (req.rawTrailers.length > 0 ? fieldsFromRaw(req.rawTrailers) : undefined)
  const { socket } = req
  if (req.closed || socket.destroyed) return Promise.resolve(came())
  return new Promise((resolve) => {
    // After the answer Node no longer tells a request that its connection has gone.
    const ended = () => {
      for (const event of ['end', 'close']) req.off(event, ended)
      socket.off('close', ended)
      resolve(came())
    }
    for (const event of ['end', 'close']) req.on(event, ended)
    socket.on('close', ended)
  })
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
