import { GuestError } from '../../capability/guest-error.ts'
import type { HttpErrorCode, HttpRequest, HttpResult } from '../../capability/http.ts'
import type { WasiContext } from '../wasi-context.ts'
import { httpErrorFrom } from './http-error.ts'
import { IncomingResponse } from './incoming-message.ts'
import { OutgoingRequest } from './outgoing-message.ts'
import { Pollable } from './pollable.ts'
import { type HttpRequestOptions, RequestOptions } from './request-options.ts'
import { type Taken, TakenOnce } from './taken-once.ts'

/** Sends a guest's request; the answer is its headers, with a body that may go on. `signal` aborts what is given up. */
export type SendRequest = (
  request: HttpRequest,
  options: HttpRequestOptions & { readonly signal: AbortSignal },
) => Promise<HttpResult>

type ResponseResult =
  | { readonly tag: 'ok'; readonly val: IncomingResponse }
  | { readonly tag: 'err'; readonly val: HttpErrorCode }

/** `wasi:http/outgoing-handler`: without a way to send, every request is denied. */
export function outgoingHandler(
  sendRequest: SendRequest | undefined,
  context: Pick<WasiContext, 'signal'>,
): object {
  return {
    handle(request: OutgoingRequest, options: RequestOptions | undefined): FutureIncomingResponse {
      if (!sendRequest) throw new GuestError({ tag: 'HTTP-request-denied' })
      if (request.authority() === undefined) throw new GuestError({ tag: 'HTTP-request-URI-invalid' })
      const given = options ? RequestOptions.sent(options) : {}
      const sent = OutgoingRequest.sent(request)
      return new FutureIncomingResponse(
        (ended) => sendRequest(sent, { ...given, signal: ended }),
        context.signal,
      )
    },
  }
}

/** `wasi:http/types` resource `future-incoming-response`. Dropped before it is there, it gives the request up. */
export class FutureIncomingResponse {
  readonly #signal: AbortSignal
  readonly #givenUp = new AbortController()
  readonly #result: TakenOnce<ResponseResult>
  #response: IncomingResponse | undefined
  #taken = false

  constructor(send: (signal: AbortSignal) => Promise<HttpResult>, signal: AbortSignal) {
    this.#signal = signal
    const ended = AbortSignal.any([signal, this.#givenUp.signal])
    this.#result = new TakenOnce(() => this.#receive(send, ended))
    this.#result.isReady()
  }

  subscribe(): Pollable {
    return new Pollable(this.#result, this.#signal)
  }

  get(): Taken<ResponseResult> | undefined {
    const result = this.#result.take()
    this.#taken ||= result !== undefined
    return result
  }

  [Symbol.dispose](): void {
    if (this.#taken) return
    this.#givenUp.abort()
    this.#response?.[Symbol.dispose]()
  }

  async #receive(
    send: (signal: AbortSignal) => Promise<HttpResult>,
    ended: AbortSignal,
  ): Promise<ResponseResult> {
    try {
      const result = await send(ended)
      if (result.tag === 'err') return result
      this.#response = new IncomingResponse(result.val, this.#signal)
      if (ended.aborted) this.#response[Symbol.dispose]()
      return { tag: 'ok', val: this.#response }
    } catch (thrown) {
      return { tag: 'err', val: httpErrorFrom(thrown) }
    }
  }
}
