import { GuestError } from '../../capability/guest-error.ts'
import type { HttpErrorCode } from '../../capability/http.ts'
import type { OutgoingResponse } from './outgoing-message.ts'

/** What a guest answers with: a response, or an error code instead of one. */
export type ResponseOrError =
  | { readonly tag: 'ok'; readonly val: OutgoingResponse }
  | { readonly tag: 'err'; readonly val: HttpErrorCode }

/** `wasi:http/types` resource `response-outparam`. */
export class ResponseOutparam {
  readonly #answer: (answer: ResponseOrError) => void

  constructor(answer: (answer: ResponseOrError) => void) {
    this.#answer = answer
  }

  static set(param: ResponseOutparam, answer: ResponseOrError): void {
    param.#answer(answer)
  }

  /** Interim responses (1xx) have no place in the lattice's HTTP interface. */
  sendInformational(): void {
    throw new GuestError({ tag: 'internal-error', val: 'informational responses are not supported' })
  }
}
