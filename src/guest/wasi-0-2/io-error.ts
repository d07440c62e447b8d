import { GuestError } from '../../capability/guest-error.ts'
import type { HttpErrorCode } from '../../capability/http.ts'
import type { SocketErrorCode } from '../network/socket-error.ts'
import type { FileErrorCode } from '../volume/file-error.ts'

/** What else is known of a failed stream: an HTTP body says it as an HTTP error code, a file as a file error, a
 * socket as a socket error. */
export interface IoErrorCodes {
  readonly http?: HttpErrorCode | undefined
  readonly file?: FileErrorCode
  readonly network?: SocketErrorCode
}

/** `wasi:io/error` resource `error`: why a stream failed. */
export class IoError {
  readonly message: string
  readonly codes: IoErrorCodes

  constructor(message: string, codes: IoErrorCodes = {}) {
    this.message = message
    this.codes = codes
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
export function streamFailed(message: string, codes?: IoErrorCodes): GuestError {
  return new GuestError({ tag: 'last-operation-failed', val: new IoError(message, codes) })
}
