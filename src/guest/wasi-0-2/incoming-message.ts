import { GuestError } from '../../capability/guest-error.ts'
import {
  type HttpMethod,
  type HttpRequest,
  type HttpResponse,
  type HttpScheme,
  headerValue,
} from '../../capability/http.ts'
import { Fields } from './fields.ts'
import { IncomingBody } from './incoming-body.ts'

/** The body of a message that came in, there to be consumed once; a message dropped without that hangs up. */
class Unconsumed {
  readonly #message: HttpRequest | HttpResponse
  readonly #signal: AbortSignal
  #consumed = false

  constructor(message: HttpRequest | HttpResponse, signal: AbortSignal) {
    this.#message = message
    this.#signal = signal
  }

  consume(): IncomingBody {
    if (this.#consumed) throw new GuestError(undefined)
    this.#consumed = true
    return new IncomingBody(this.#message, this.#signal)
  }

  drop(): void {
    if (!this.#consumed) this.consume()[Symbol.dispose]()
  }
}

/** `wasi:http/types` resource `incoming-request`. */
export class IncomingRequest {
  readonly #request: HttpRequest
  readonly #content: Unconsumed

  constructor(request: HttpRequest, signal: AbortSignal) {
    this.#request = request
    this.#content = new Unconsumed(request, signal)
  }

  method(): HttpMethod {
    return this.#request.method
  }

  pathWithQuery(): string | undefined {
    return this.#request.pathWithQuery
  }

  scheme(): HttpScheme | undefined {
    return this.#request.scheme
  }

  authority(): string | undefined {
    return this.#request.authority ?? headerValue(this.#request.headers, 'host')
  }

  headers(): Fields {
    return Fields.received(this.#request.headers)
  }

  consume(): IncomingBody {
    return this.#content.consume()
  }

  [Symbol.dispose](): void {
    this.#content.drop()
  }
}

/** `wasi:http/types` resource `incoming-response`. */
export class IncomingResponse {
  readonly #response: HttpResponse
  readonly #content: Unconsumed

  constructor(response: HttpResponse, signal: AbortSignal) {
    this.#response = response
    this.#content = new Unconsumed(response, signal)
  }

  status(): number {
    return this.#response.status
  }

  headers(): Fields {
    return Fields.received(this.#response.headers)
  }

  consume(): IncomingBody {
    return this.#content.consume()
  }

  [Symbol.dispose](): void {
    this.#content.drop()
  }
}
