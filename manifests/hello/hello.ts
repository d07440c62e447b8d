// Build: `node manifests/build.ts hello`
import config from 'wasi:config/store@0.2.0-draft'
import http, { type Request, type Response } from 'wasi:http/types@0.3.0'
import atomics from 'wasi:keyvalue/atomics@0.2.0-draft2'
import store from 'wasi:keyvalue/store@0.2.0-draft2'
import logging from 'wasi:logging/logging@0.1.0-draft'

/** Answers `GET /` with a greeting and how often it was asked for, anything else with 404. */
export const handler = {
  async handle(request: Request): Promise<Response> {
    const method = request.getMethod().tag
    const path = (request.getPathWithQuery() ?? '/').split('?')[0]
    if (path !== '/') return answer(404, `nothing at ${path}\n`)
    if (method !== 'get') return answer(405, `${path} takes GET\n`)
    const visit = atomics.increment(store.open('default'), 'visits', 1)
    logging.log('info', 'hello', `visit ${visit}`)
    return answer(200, `${config.get('greeting') ?? 'Hello'} from Weft: visit ${visit}\n`)
  },
}

function answer(status: number, text: string): Response {
  const headers = http.Fields.fromList([['content-type', utf8('text/plain; charset=utf-8')]])
  const { readable, writable } = wit.Stream(wit.Stream.U8)
  const noTrailers = Promise.resolve({ tag: 'ok', val: null } as const)
  const [response] = http.Response.new(headers, readable, noTrailers)
  response.setStatusCode(status)
  writable.writeAll(utf8(text)).then(() => writable.drop())
  return response
}

// QuickJS has no TextEncoder.
function utf8(text: string): Uint8Array {
  return Uint8Array.from(unescape(encodeURIComponent(text)), (unit) => unit.charCodeAt(0))
}
