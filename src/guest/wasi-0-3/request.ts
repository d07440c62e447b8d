import { guestError } from '../../capability/guest-error.ts'
import type { HttpMethod, HttpRequest, HttpScheme } from '../../capability/http.ts'
import type { HttpRequestOptions } from '../wasi-0-2/request-options.ts'
import { Body, type ErrorCodeResult, type TrailersFuture } from './body.ts'
import { Fields } from './fields.ts'

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const hasSpaceOrControl = (text: string) => /[\s\p{Cc}]/u.test(text)

/** `wasi:http/types@0.3.0` resource `request-options`: timeouts in nanoseconds. */
export class RequestOptions {
  #connect: bigint | undefined
  #firstByte: bigint | undefined
  #betweenBytes: bigint | undefined

  /** For the host: what the guest has set. */
  static sent(options: RequestOptions): HttpRequestOptions {
    const connectTimeout = options.#connect
    const firstByteTimeout = options.#firstByte
    const betweenBytesTimeout = options.#betweenBytes
    return {
      ...(connectTimeout !== undefined && { connectTimeout }),
      ...(firstByteTimeout !== undefined && { firstByteTimeout }),
      ...(betweenBytesTimeout !== undefined && { betweenBytesTimeout }),
    }
  }

  getConnectTimeout(): bigint | undefined {
    return this.#connect
  }
  setConnectTimeout(duration: bigint | undefined): void {
    this.#connect = duration
  }
  getFirstByteTimeout(): bigint | undefined {
    return this.#firstByte
  }
  setFirstByteTimeout(duration: bigint | undefined): void {
    this.#firstByte = duration
  }
  getBetweenBytesTimeout(): bigint | undefined {
    return this.#betweenBytes
  }
  setBetweenBytesTimeout(duration: bigint | undefined): void {
    this.#betweenBytes = duration
  }
  clone(): RequestOptions {
    const copy = new RequestOptions()
    copy.#connect = this.#connect
    copy.#firstByte = this.#firstByte
    copy.#betweenBytes = this.#betweenBytes
    return copy
  }
}

/** `wasi:http/types@0.3.0` resource `request`. */
export class Request {
  #method: HttpMethod = { tag: 'get' }
  #path: string | undefined
  #scheme: HttpScheme | undefined
  #authority: string | undefined
  #headers: Fields | (() => Fields)
  readonly #body: Body
  readonly #options: RequestOptions | undefined

  /** Headers that came in are put together when somebody asks for them. */
  private constructor(headers: Fields | (() => Fields), body: Body, options?: RequestOptions) {
    this.#headers = headers
    this.#body = body
    this.#options = options
  }

  static new(
    headers: Fields,
    contents: Body['contents'],
    trailers: TrailersFuture,
    options?: RequestOptions,
  ): [Request, Promise<ErrorCodeResult<void>>] {
    const body = new Body(contents, trailers)
    return [new Request(headers.freeze(), body, options), body.transmitted]
  }

  /** A request that has come in from outside. */
  static received(request: HttpRequest): Request {
    const received = new Request(() => Fields.received(request.headers), Body.received(request))
    received.#method = request.method
    received.#path = request.pathWithQuery
    received.#scheme = request.scheme
    received.#authority = request.authority
    return received
  }

  static consumeBody(request: Request, result: PromiseLike<unknown>): ReturnType<Body['consume']> {
    return request.#body.consume(result)
  }

  /** How long it may take, as the guest has set. */
  static sentOptions(request: Request): HttpRequestOptions | undefined {
    return request.#options && RequestOptions.sent(request.#options)
  }

  /** A request that the guest sends. */
  static sent(request: Request): HttpRequest {
    return {
      body: request.#body.sent(),
      trailers: request.#body.trailerList(),
      method: request.#method,
      headers: Fields.sent(request.getHeaders()),
      ...(request.#path !== undefined && { pathWithQuery: request.#path }),
      ...(request.#scheme !== undefined && { scheme: request.#scheme }),
      ...(request.#authority !== undefined && { authority: request.#authority }),
    }
  }

  getMethod(): HttpMethod {
    return this.#method
  }
  setMethod(method: HttpMethod): void {
    if (method.tag === 'other' && !token.test(method.val ?? '')) throw guestError(undefined)
    this.#method = method
  }
  getPathWithQuery(): string | undefined {
    return this.#path
  }
  setPathWithQuery(path: string | undefined): void {
    if (path !== undefined && hasSpaceOrControl(path)) throw guestError(undefined)
    this.#path = path
  }
  getScheme(): HttpScheme | undefined {
    return this.#scheme
  }
  setScheme(scheme: HttpScheme | undefined): void {
    if (scheme?.tag === 'other' && !/^[a-zA-Z][a-zA-Z0-9+.-]*$/.test(scheme.val ?? ''))
      throw guestError(undefined)
    this.#scheme = scheme
  }
  getAuthority(): string | undefined {
    return this.#authority
  }
  setAuthority(authority: string | undefined): void {
    if (authority !== undefined && hasSpaceOrControl(authority)) throw guestError(undefined)
    this.#authority = authority
  }
  getOptions(): RequestOptions | undefined {
    return this.#options
  }
  getHeaders(): Fields {
    if (typeof this.#headers === 'function') this.#headers = this.#headers()
    return this.#headers
  }
}
