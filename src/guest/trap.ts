import { type Call, operationName } from '../call/call.ts'
import { type LimitName, WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { type FindLines, guestStack } from './guest-stack.ts'
import { GuestExit } from './wasi-0-2/guest-exit.ts'

/** What is known of where a guest trapped. */
interface TrapPlace {
  readonly log: Log
  readonly linesOf: FindLines
  /** Functions of a composed component's other parts that led there, innermost first. */
  readonly callers?: readonly string[]
  /** The limit that it was refused something for. */
  readonly refusedBy?: LimitName
}

/**
 * What a guest's export threw, as the call's error. A failure of one of its imports stays what it is, and so does an exit,
 * which is no fault but leaves the caller without an answer; anything else is a trap, logged here once with the guest's stack.
 */
export function failureOf(
  thrown: unknown,
  call: Call,
  { log, linesOf, callers = [], refusedBy }: TrapPlace,
): WeftError {
  if (thrown instanceof WeftError) return thrown
  if (call.signal.aborted) return WeftError.from(call.signal.reason)
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const operation = operationName(call.operation)
  if (error instanceof GuestExit) {
    return new WeftError(
      'unavailable',
      `component ${call.target} ended ${operation} by exit(${error.code}), without an answer`,
    )
  }
  log.error(`component ${call.target} trapped in ${operation}: ${error.message}`, {
    operation,
    stack: [guestStack(error, linesOf), ...callers.map((name) => `called by ${name}`)].join('\n'),
  })
  if (refusedBy !== undefined) {
    const message = `component ${call.target} reached its ${refusedBy} limit and trapped in ${operation}: ${error.message}`
    return new WeftError('exhausted', message, { cause: error, limit: refusedBy })
  }
  return new WeftError('trapped', `component ${call.target} trapped in ${operation}: ${error.message}`, {
    cause: error,
  })
}
