import { GuestError } from '../../capability/guest-error.ts'
import type { HttpFields, HttpMethod, HttpRequest, HttpResponse, HttpScheme } from '../../capability/http.ts'
import type { Life } from '../../component/life.ts'
import { Fields, isToken } from './fields.ts'
import { type OutgoingBody, OutgoingContent } from './outgoing-body.ts'

/** `wasi:http/types` resource `outgoing-response`. */
export class OutgoingResponse {
  readonly #headers: Fields
  readonly #content: OutgoingContent
  #status = 200

  constructor(headers: Fields, life: Life) {
    this.#headers = headers
    this.#content = new OutgoingContent(headers, 'HTTP-response-body-size', life)
  }

  statusCode(): number {
    return this.#status
  }

  setStatusCode(status: number): void {
    if (status < 100 || status > 999) throw new GuestError(undefined)
    this.#status = status
  }

  headers(): Fields {
    return Fields.frozen(this.#headers)
  }

  body(): OutgoingBody {
    return this.#content.take()
  }

  /** Dropped unsent: nobody will read what the guest wrote. */
  [Symbol.dispose](): void {
    this.#content.bytes.hangUp()
  }

  /** For the host: the response as it goes out, and the content behind it. */
  static sent(response: OutgoingResponse): {
    readonly response: HttpResponse
    readonly content: OutgoingContent
  } {
    const content = response.#content
    content.sent()
    const headers = Fields.sent(response.#headers)
    return {
      response: new SentResponse(response.#status, headers, content),
      content,
    }
  }
}

/** A class, for its getter: most trailers nobody asks for. */
class SentResponse implements HttpResponse {
  readonly status: number
  readonly headers: HttpFields
  readonly body: OutgoingContent['bytes']
  readonly #content: OutgoingContent

  constructor(status: number, headers: HttpFields, content: OutgoingContent) {
    this.status = status
    this.headers = headers
    this.body = content.bytes
    this.#content = content
  }

  get trailers(): Promise<HttpFields | undefined> {
    return this.#content.trailers
  }
}

// RFC 3986: what may stand in an authority, and in a path with its query; `{}|^"<>` and others are seen in the wild.
const authoritySyntax = /^[A-Za-z0-9\-._~%!$&'()*+,;=:@[\]]+$/
const pathSyntax = /^[^\s#\p{Cc}]*$/u
const schemeSyntax = /^[A-Za-z][A-Za-z0-9+\-.]*$/

/** `wasi:http/types` resource `outgoing-request`. */
export class OutgoingRequest {
  readonly #headers: Fields
  readonly #content: OutgoingContent
  #method: HttpMethod = { tag: 'get' }
  #path: string | undefined
  #scheme: HttpScheme | undefined
  #authority: string | undefined

  constructor(headers: Fields, life: Life) {
    this.#headers = headers
    this.#content = new OutgoingContent(headers, 'HTTP-request-body-size', life)
  }

  method(): HttpMethod {
    return this.#method
  }

  setMethod(method: HttpMethod): void {
    refuseUnless(method.tag !== 'other' || isToken(method.val ?? ''))
    this.#method = method
  }

  pathWithQuery(): string | undefined {
    return this.#path
  }

  setPathWithQuery(path: string | undefined): void {
    refuseUnless(path === undefined || pathSyntax.test(path))
    this.#path = path
  }

  scheme(): HttpScheme | undefined {
    return this.#scheme
  }

  setScheme(scheme: HttpScheme | undefined): void {
    refuseUnless(scheme?.tag !== 'other' || schemeSyntax.test(scheme.val ?? ''))
    this.#scheme = scheme
  }

  authority(): string | undefined {
    return this.#authority
  }

  setAuthority(authority: string | undefined): void {
    refuseUnless(authority === undefined || authoritySyntax.test(authority))
    this.#authority = authority
  }

  headers(): Fields {
    return Fields.frozen(this.#headers)
  }

  body(): OutgoingBody {
    return this.#content.take()
  }

  /** Dropped unsent: nobody will read what the guest wrote. */
  [Symbol.dispose](): void {
    this.#content.bytes.hangUp()
  }

  /** For the host: the request as it goes out. */
  static sent(request: OutgoingRequest): HttpRequest {
    const content = request.#content
    content.sent()
    return {
      method: request.#method,
      ...(request.#path !== undefined && { pathWithQuery: request.#path }),
      ...(request.#scheme !== undefined && { scheme: request.#scheme }),
      ...(request.#authority !== undefined && { authority: request.#authority }),
      headers: Fields.sent(request.#headers),
      body: content.bytes,
      trailers: content.trailers,
    }
  }
}

function refuseUnless(valid: boolean): void {
  if (!valid) throw new GuestError(undefined)
}
