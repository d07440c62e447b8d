/**
 * Every way a call or a command can fail. The list is closed: a peer, a test or a dashboard may rely on it.
 * `invalid` bad input · `denied` not allowed · `not_found` no such target · `unavailable` target gave no answer ·
 * `deadline` out of time · `cancelled` caller gave up · `exhausted` a limit was hit · `trapped` the guest trapped ·
 * `internal` a fault of Weft's own.
 */
export const errorCodes = [
  'invalid',
  'denied',
  'not_found',
  'unavailable',
  'deadline',
  'cancelled',
  'exhausted',
  'trapped',
  'internal',
] as const

export type ErrorCode = (typeof errorCodes)[number]

const limitNames = [
  'queue',
  'time',
  'memory',
  'tables',
  'handles',
  'buffered',
  'request-body',
  'component-size',
] as const

/** The limits of a component that can be hit. */
export type LimitName = (typeof limitNames)[number]

/** The one error class. Code and message may cross the wire between Weft peers; stack and cause never do. */
export class WeftError extends Error {
  override readonly name = 'WeftError'
  readonly code: ErrorCode
  /** Which limit of a component was hit, when one was. */
  readonly limit: LimitName | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options?: { readonly cause?: unknown; readonly limit?: LimitName },
  ) {
    super(message, options)
    this.code = code
    this.limit = options?.limit
  }

  /** Wraps whatever was thrown; a `WeftError` stays itself, an abort becomes `cancelled`, the rest `internal`. */
  static from(thrown: unknown): WeftError {
    if (thrown instanceof WeftError) return thrown
    if (thrown instanceof Error) {
      const code =
        thrown.name === 'AbortError' ? 'cancelled' : thrown.name === 'TimeoutError' ? 'deadline' : 'internal'
      return new WeftError(code, thrown.message, { cause: thrown })
    }
    return new WeftError('internal', String(thrown), { cause: thrown })
  }
}

/** Reads the name of a limit that came over the wire. */
export function limitFrom(text: string | undefined): LimitName | undefined {
  return limitNames.find((name) => name === text)
}

/** Reads an error code that came over the wire; anything unknown is `internal`. */
export function errorCodeFrom(text: string): ErrorCode {
  return errorCodes.find((code) => code === text) ?? 'internal'
}
