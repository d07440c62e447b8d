import { preciseNow } from '../clock.ts'
import { WeftError } from '../errors.ts'
import {
  type Call,
  type CallLimit,
  type Interceptor,
  type Invoke,
  type LimitedWithin,
  operationName,
} from './call.ts'
import { CallAbort, offAbort, onAbort } from './call-abort.ts'
import { Deadlines, type Limited } from './deadlines.ts'

/**
 * Ends a call at its deadline or when its caller gives up, whatever it is doing: the caller gets `deadline` or the
 * abort's reason, and the signal that the work sees is aborted with the same. It stays armed while a body streams. A call
 * made within one that is limited already, and not more narrowly, ends with it.
 */
export function limitTime(): Interceptor {
  const deadlines = new Deadlines()
  return (next) => (call) => {
    const { course, limit } = call
    if (limit && limit.deadline <= call.context.deadline && !call.signal.aborted) return next(call)
    // One that begins now need not look at the clock again.
    if (call.context.deadline <= (course.begun ?? preciseNow())) return Promise.reject(timeOver(call))
    if (call.signal.aborted) return Promise.reject(WeftError.from(call.signal.reason))
    return new LimitedCall(call, deadlines).answer(next)
  }
}

class LimitedCall implements Limited, CallLimit {
  readonly deadline: number
  place: number | undefined
  readonly #call: Call
  readonly #deadlines: Deadlines
  readonly #abort = new CallAbort()
  readonly #leave = () => this.#giveUp(this.#call.signal.reason)
  #innermost: LimitedWithin | undefined
  #reject: (reason: unknown) => void = () => {}

  constructor(call: Call, deadlines: Deadlines) {
    this.deadline = call.context.deadline
    this.#call = call
    this.#deadlines = deadlines
  }

  answer(next: Invoke): Promise<unknown> {
    const { signal } = this.#abort
    const { course } = this.#call
    course.willTell()
    this.#deadlines.watch(this)
    onAbort(this.#call.signal, this.#leave)
    return new Promise((resolve, reject) => {
      this.#reject = reject
      begun(next, { ...this.#call, signal, limit: this }).then(
        (result) => {
          course.answered(result)
          course.afterHeld(this.#over)
          resolve(result)
        },
        (error: unknown) => {
          course.failed(error)
          this.#over()
          reject(error)
        },
      )
    })
  }

  watch(call: LimitedWithin): void {
    if (this.#isWatched(call)) return
    call.outer = this.#innermost
    if (call.outer) call.outer.inner = call
    this.#innermost = call
  }

  forget(call: LimitedWithin): void {
    if (!this.#isWatched(call)) return
    const { outer, inner } = call
    if (inner) inner.outer = outer
    else this.#innermost = outer
    if (outer) outer.inner = inner
    call.outer = undefined
    call.inner = undefined
  }

  #isWatched(call: LimitedWithin): boolean {
    return call.inner !== undefined || this.#innermost === call
  }

  expire(): void {
    this.#giveUp(timeOver(this.#call))
  }

  readonly #over = () => {
    this.#deadlines.forget(this)
    offAbort(this.#call.signal, this.#leave)
  }

  #giveUp(reason: unknown): void {
    this.#over()
    this.#call.course.failed(reason)
    this.#reject(WeftError.from(reason))
    for (let call = this.#innermost; call; call = this.#innermost) {
      this.forget(call)
      call.giveUp(reason)
    }
    this.#abort.abort(reason)
  }
}

/** What `next` throws at once fails as what it throws later. */
function begun(next: Invoke, call: Call): Promise<unknown> {
  try {
    return next(call)
  } catch (error) {
    return Promise.reject(error)
  }
}

function timeOver({ operation, target }: Call): WeftError {
  return new WeftError(
    'deadline',
    `${operationName(operation)} of ${target} did not finish before its deadline`,
  )
}
