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
  const announced = Number(headerValue(request.headers, 'content-length') ?? 0)
  if (announced > most) throw tooLong(most)
  return new LimitedRequest(request, counted(request.body, most, fail))
}

/** A class, as what it stands before: no spread copies getters. */
class LimitedRequest implements HttpRequest {
  readonly body: HttpRequest['body']
  readonly method: HttpRequest['method']
  readonly pathWithQuery: string | undefined
  readonly scheme: HttpRequest['scheme']
  readonly authority: string | undefined
  readonly #request: HttpRequest

  constructor(request: HttpRequest, body: HttpRequest['body']) {
    this.body = body
    this.method = request.method
    this.pathWithQuery = request.pathWithQuery
    this.scheme = request.scheme
    this.authority = request.authority
    this.#request = request
  }

  get headers(): HttpRequest['headers'] {
    return this.#request.headers
  }

  get trailers(): HttpRequest['trailers'] {
    return this.#request.trailers
  }
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
