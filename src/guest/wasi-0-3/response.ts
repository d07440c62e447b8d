import { guestError } from '../../capability/guest-error.ts'
import type { HttpResponse } from '../../capability/http.ts'
import { Body, type ErrorCodeResult, type TrailersFuture } from './body.ts'
import { Fields } from './fields.ts'

/** `wasi:http/types@0.3.0` resource `response`. */
export class Response {
  #status = 200
  readonly #headers: Fields
  readonly #body: Body

  private constructor(headers: Fields, body: Body) {
    this.#headers = headers
    this.#body = body
  }

  static new(
    headers: Fields,
    contents: Body['contents'],
    trailers: TrailersFuture,
  ): [Response, Promise<ErrorCodeResult<void>>] {
    const body = new Body(contents, trailers)
    return [new Response(headers.freeze(), body), body.transmitted]
  }

  /** A response that came from outside. */
  static received(response: HttpResponse): Response {
    const trailers = response.trailers.then(
      (list) => ({ tag: 'ok', val: list && Fields.received(list) }) as const,
      () => ({ tag: 'err', val: { tag: 'connection-terminated' } }) as const,
    )
    const received = new Response(Fields.received(response.headers), new Body(response.body, trailers))
    received.#status = response.status
    return received
  }

  /** A response that the guest gives. */
  static sent(response: Response): HttpResponse {
    return {
      status: response.#status,
      headers: Fields.sent(response.#headers),
      body: response.#body.bytes(),
      trailers: response.#body.trailerList(),
    }
  }

  static consumeBody(response: Response, result: PromiseLike<unknown>): ReturnType<Body['consume']> {
    return response.#body.consume(result)
  }

  getStatusCode(): number {
    return this.#status
  }
  setStatusCode(status: number): void {
    if (status < 100 || status > 599) throw guestError(undefined)
    this.#status = status
  }
  getHeaders(): Fields {
    return this.#headers
  }
}
