import type { Call, Interceptor } from '../call/call.ts'
import { preciseNow } from '../call/course.ts'
import { WeftError } from '../errors.ts'
import { withoutVersion } from '../wit/names.ts'
import type { CallDurations } from './call-durations.ts'
import { labelOfAnswer, type OutcomeLabel } from './call-outcome.ts'
import type { CallSide } from './describe-call.ts'
import { attributeNames as names } from './names.ts'

export interface MeasureCallsOptions {
  /** `client` durations count for the call's source, `server` durations for its target. */
  readonly side: CallSide
  readonly durations: CallDurations
}

/** Measures how long each call takes until it is over, what it holds included, by component, operation and outcome. */
export function measureCalls(options: MeasureCallsOptions): Interceptor {
  return (next) => async (call) => {
    const start = preciseNow()
    let outcome: OutcomeLabel = 'internal'
    try {
      const answer = await next(call)
      outcome = labelOfAnswer(call, answer)
      return answer
    } catch (thrown) {
      outcome = WeftError.from(thrown).code
      throw thrown
    } finally {
      observeWhenOver(options, { call, start, outcome })
    }
  }
}

interface Measured {
  readonly call: Call
  readonly start: number
  readonly outcome: OutcomeLabel
}

function observeWhenOver(options: MeasureCallsOptions, measured: Measured): void {
  const held = measured.call.course.held
  if (!held) observe(options, measured)
  else held.then((failure) => observe(options, failure === undefined ? measured : broken(measured, failure)))
}

function broken(measured: Measured, failure: unknown): Measured {
  return { ...measured, outcome: WeftError.from(failure).code }
}

function observe({ side, durations }: MeasureCallsOptions, { call, start, outcome }: Measured): void {
  const attributes = {
    [names.component]: side === 'client' ? call.source : call.target,
    [names.interface]: withoutVersion(call.operation.interface),
    [names.operation]: call.operation.function.name,
    [names.side]: side,
    [names.outcome]: outcome,
  }
  durations.observe(attributes, (preciseNow() - start) / 1000)
}
