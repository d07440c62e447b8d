import type { Call } from '../call/call.ts'
import { type ErrorCode, WeftError } from '../errors.ts'
import type { WitType } from '../wit/type.ts'
import { type CallSide, type CallSubject, httpSource } from './describe-call.ts'
import { statusOf, tagOf, valOf } from './field.ts'
import { attributeNames as names, spanNames } from './names.ts'
import type { SpanAttributes, SpanEvent, SpanStatus } from './span.ts'

/** How a call ended, as its span says it. */
export interface CallOutcome {
  readonly status: SpanStatus
  readonly attributes: SpanAttributes
  readonly events: readonly SpanEvent[]
}

/** How a call ended, in few words: for metrics. `err` is a WIT `result` that came back as an error. */
export type OutcomeLabel = 'ok' | 'err' | ErrorCode

const maxMessageLength = 1024

/** The outcome of a call that threw, or whose body broke off after the answer. */
export function failureOutcome(thrown: unknown, time: number): CallOutcome {
  const error = WeftError.from(thrown)
  const message = error.message.slice(0, maxMessageLength)
  return {
    status: { code: 'error', message },
    attributes: {
      [names.errorType]: error.code,
      ...(error.limit !== undefined && { [names.limit]: error.limit }),
    },
    events: [
      {
        name: spanNames.exception,
        time,
        attributes: { [names.exceptionType]: error.code, [names.exceptionMessage]: message },
      },
    ],
  }
}

/**
 * The outcome of a call that was answered. A WIT `err` is an error for the caller's span, whose wish was not met; the
 * callee did its work, so its span is only marked. HTTP goes by the conventions: 5xx is an error, to a client 4xx too.
 */
export function answerOutcome(
  call: Call,
  { side, subject }: { readonly side: CallSide; readonly subject: CallSubject },
  answer: unknown,
): CallOutcome {
  const enters =
    side === 'server' && (call.message !== undefined || (subject === 'http-in' && call.source === httpSource))
  if (labelOfAnswer(call, answer) === 'err') {
    return errOutcome(call, { answer, isError: side === 'client' || enters })
  }
  const status = httpStatusOf(subject, answer)
  if (status === undefined) return { status: { code: 'unset' }, attributes: {}, events: [] }
  const leastError = subject === 'http-out' && side === 'client' ? 400 : 500
  const isError = status >= leastError
  return {
    status: { code: isError ? 'error' : 'unset' },
    attributes: { [names.httpStatus]: status, ...(isError ? { [names.errorType]: String(status) } : {}) },
    events: [],
  }
}

/** The status of an HTTP response; undefined for all other answers. */
export function httpStatusOf(subject: CallSubject, answer: unknown): number | undefined {
  const isHttp = subject === 'http-in' || subject === 'http-out'
  return isHttp ? statusOf(valOf(answer)) : undefined
}

/** How a call that is over ended, be it after its answer. */
export function labelOf(call: Call): OutcomeLabel {
  const { ending, outcome, brokeOff } = call.course
  if (ending === 'failed') return WeftError.from(outcome).code
  return brokeOff === undefined ? labelOfAnswer(call, outcome) : WeftError.from(brokeOff).code
}

/** `err` when the function has a WIT `result` and it is one, else `ok`. */
export function labelOfAnswer(call: Call, answer: unknown): 'ok' | 'err' {
  return call.operation.function.result?.kind === 'result' && tagOf(answer) === 'err' ? 'err' : 'ok'
}

function errOutcome(call: Call, ended: { readonly answer: unknown; readonly isError: boolean }): CallOutcome {
  const value = valOf(ended.answer)
  const type = call.operation.function.result
  const errorType = errorTypeOf(type?.kind === 'result' ? type.err : undefined, value)
  const message = messageOf(value)
  const attributes = { [names.result]: 'err', [names.errorType]: errorType }
  if (!ended.isError) return { status: { code: 'unset' }, attributes, events: [] }
  return { status: { code: 'error', ...(message ? { message } : {}) }, attributes, events: [] }
}

// Only names that the WIT text lists: what a guest makes up (a string) would be a label without bound.
function errorTypeOf(type: WitType | undefined, value: unknown): string {
  const name = type?.kind === 'variant' ? tagOf(value) : type?.kind === 'enum' ? value : undefined
  return typeof name === 'string' ? name : 'err'
}

function messageOf(value: unknown): string {
  const tag = tagOf(value)
  const detail = tag === undefined ? value : valOf(value)
  const text = typeof detail === 'string' ? detail : ''
  return [tag, text].filter(Boolean).join(': ').slice(0, maxMessageLength)
}
