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
class Consumable {
  readonly #message: HttpRequest | HttpResponse
  readonly #signal: AbortSignal
  #body: IncomingBody | undefined
  #isHungUp = false

  constructor(message: HttpRequest | HttpResponse, signal: AbortSignal) {
    this.#message = message
    this.#signal = signal
  }

  consume(): IncomingBody {
    if (this.#body) throw new GuestError(undefined)
    this.#body = new IncomingBody(this.#message, this.#signal)
    return this.#body
  }

  drop(): void {
    if (!this.#body) this.hangUp()
  }

  hangUp(): void {
    if (this.#body) IncomingBody.hangUp(this.#body)
    else if (!this.#isHungUp) hangUp(this.#message)
    this.#isHungUp = true
  }
}

/** Nobody will read its body. */
function hangUp({ body }: HttpRequest | HttpResponse): void {
  const ended = body[Symbol.asyncIterator]().return?.()
  // The sender's own cleaning up is not the guest's concern.
  ended?.then(undefined, () => {})
}

/** `wasi:http/types` resource `incoming-request`. */
export class IncomingRequest {
  readonly #request: HttpRequest
  readonly #content: Consumable

  constructor(request: HttpRequest, signal: AbortSignal) {
    this.#request = request
    this.#content = new Consumable(request, signal)
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

  /** For the host: the guest has returned and reads no more, whatever handles it left behind. */
  static hangUp(request: IncomingRequest): void {
    request.#content.hangUp()
  }

  [Symbol.dispose](): void {
    this.#content.drop()
  }
}

/** `wasi:http/types` resource `incoming-response`. */
export class IncomingResponse {
  readonly #response: HttpResponse
  readonly #content: Consumable

  constructor(response: HttpResponse, signal: AbortSignal) {
    this.#response = response
    this.#content = new Consumable(response, signal)
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
