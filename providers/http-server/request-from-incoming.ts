import type { IncomingMessage } from 'node:http'
import { giveAway } from '../../src/capability/given-bytes.ts'
import type { HttpFields, HttpMethod, HttpRequest } from '../../src/capability/http.ts'
import { requestTarget } from './request-target.ts'

const known = new Set(['get', 'head', 'post', 'put', 'delete', 'connect', 'options', 'trace', 'patch'])
const encoder = new TextEncoder()

/** Node's request as the lattice's record. The body streams; nothing is read before somebody asks. */
export function requestFromIncoming(req: IncomingMessage): HttpRequest {
  const { path, authority } = requestTarget(req)
  return {
    body: bodyOf(req),
    trailers: Promise.resolve(undefined),
    method: methodFrom(req.method ?? 'GET'),
    pathWithQuery: path,
    scheme: { tag: 'HTTP' },
    // A URI with a scheme needs an authority; HTTP/1.0 clients may send no host.
    authority: authority ?? `${req.socket.localAddress}:${req.socket.localPort}`,
    headers: headersFrom(req.rawHeaders),
  }
}

async function* bodyOf(req: IncomingMessage): AsyncGenerator<Uint8Array> {
  for await (const chunk of req) yield giveAway(chunk as Buffer)
}

function methodFrom(method: string): HttpMethod {
  const lower = method.toLowerCase()
  return known.has(lower) ? { tag: lower } : { tag: 'other', val: method }
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
