import type { ErrorCode, WeftError } from '../errors.ts'

const statuses: Readonly<Record<ErrorCode, number>> = {
  invalid: 400,
  denied: 403,
  not_found: 503,
  unavailable: 503,
  deadline: 504,
  cancelled: 503,
  exhausted: 503,
  trapped: 500,
  internal: 500,
}

/**
 * The HTTP status for a call that failed. A missing component is the operator's fault, not the client's: 503; a body that is
 * too long is the client's, which may not try again: 413.
 */
export function statusOfFailure({ code, limit }: Pick<WeftError, 'code' | 'limit'>): number {
  return limit === 'request-body' ? 413 : statuses[code]
}
