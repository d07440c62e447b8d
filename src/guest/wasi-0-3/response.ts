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
    const received = new Response(Fields.received(response.headers), Body.received(response))
    received.#status = response.status
    return received
  }

  /** A response that the guest gives, and when its body is over: at its end, or given up by `signal`. */
  static sent(
    response: Response,
    signal: AbortSignal,
  ): { readonly response: HttpResponse; readonly over: Promise<void> } {
    const body = response.#body.sent(signal)
    return {
      response: {
        status: response.#status,
        headers: Fields.sent(response.#headers),
        body,
        trailers: response.#body.trailerList(),
      },
      over: body.over,
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
