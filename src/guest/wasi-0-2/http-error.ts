import type { HttpErrorCode } from '../../capability/http.ts'
import { errorCodeOf } from '../../capability/http-error-code.ts'
import { type ErrorCode, WeftError } from '../../errors.ts'

const caseOf: Readonly<Partial<Record<ErrorCode, string>>> = {
  denied: 'HTTP-request-denied',
  not_found: 'destination-not-found',
  unavailable: 'destination-unavailable',
  deadline: 'HTTP-response-timeout',
  cancelled: 'connection-terminated',
  exhausted: 'connection-limit-reached',
}

/** What a failure of the host looks like to a guest: a case of `error-code`, `internal-error` when none fits better. */
export function httpErrorFrom(thrown: unknown): HttpErrorCode {
  const error = WeftError.from(thrown)
  const tag = caseOf[error.code]
  return tag === undefined ? errorCodeOf(thrown) : { tag }
}
