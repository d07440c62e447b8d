import { type HttpRequest, headerValue, noBody } from '../capability/http.ts'
import { WeftError } from '../errors.ts'

/**
 * The request with a body of at most `most` bytes. One that says it is longer is refused at once; one that turns out to
 * be is broken off, and `fail` hears why.
 */
export function limitBody(
  request: HttpRequest,
  most: number,
  fail: (reason: WeftError) => void,
): HttpRequest {
  if (most === Number.POSITIVE_INFINITY || request.body === noBody) return request
  const { headers } = request
  const announced = Number(headerValue(headers, 'content-length') ?? 0)
  if (announced > most) throw tooLong(most)
  // Headers may be a getter of the request's class, which no spread copies.
  return { ...request, headers, body: counted(request.body, most, fail) }
}

async function* counted(
  body: AsyncIterable<Uint8Array>,
  most: number,
  fail: (reason: WeftError) => void,
): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes > most) {
      const reason = tooLong(most)
      fail(reason)
      throw reason
    }
    yield chunk
  }
}

function tooLong(most: number): WeftError {
  return new WeftError(
    'exhausted',
    `the request body is longer than the ${most} bytes that the component takes`,
    {
      limit: 'request-body',
    },
  )
}
