import { GuestError } from '../../capability/guest-error.ts'
import type { HttpErrorCode } from '../../capability/http.ts'

/** `wasi:io/error` resource `error`: why a stream failed; an HTTP body's also says it as an HTTP error code. */
export class IoError {
  readonly message: string
  readonly httpErrorCode: HttpErrorCode | undefined

  constructor(message: string, httpErrorCode?: HttpErrorCode) {
    this.message = message
    this.httpErrorCode = httpErrorCode
  }

  toDebugString(): string {
    return this.message
  }
}

/** The stream error `closed`. */
export function streamClosed(): GuestError {
  return new GuestError({ tag: 'closed' })
}

/** The stream error `last-operation-failed`; the stream is closed from then on. */
export function streamFailed(message: string, httpErrorCode?: HttpErrorCode): GuestError {
  return new GuestError({ tag: 'last-operation-failed', val: new IoError(message, httpErrorCode) })
}
