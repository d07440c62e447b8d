import { WeftError } from '../errors.ts'
import { timerMs } from '../timer-ms.ts'
import { type Interceptor, type Invoke, operationName } from './call.ts'

/** Signals that will be aborted at the latest at these deadlines. */
const armed = new WeakMap<AbortSignal, number>()

/**
 * Ends a call at its deadline or when its caller gives up, whatever it is doing: the caller gets `deadline` or the
 * abort's reason, and the signal that the work sees is aborted with the same. It stays armed while a body streams. A call
 * made within one that is limited already, and not more narrowly, ends with it.
 */
export function limitTime(): Interceptor {
  return (next) => {
    const limited = limit(next)
    return (call) => {
      const within = armed.get(call.signal)
      return within !== undefined && within <= call.context.deadline && !call.signal.aborted
        ? next(call)
        : limited(call)
    }
  }
}

function limit(next: Invoke): Invoke {
  return async (call) => {
    const remaining = call.context.deadline - Date.now()
    if (remaining <= 0) throw outOfTime(operationName(call.operation), call.target)
    call.signal.throwIfAborted()
    const controller = new AbortController()
    const giveUp = () => controller.abort(call.signal.reason)
    call.signal.addEventListener('abort', giveUp, { once: true })
    const timer = setTimeout(
      () => controller.abort(outOfTime(operationName(call.operation), call.target)),
      timerMs(remaining),
    )
    armed.set(controller.signal, call.context.deadline)
    const disarm = () => {
      armed.delete(controller.signal)
      clearTimeout(timer)
      call.signal.removeEventListener('abort', giveUp)
    }
    try {
      const result = await orAborted(next({ ...call, signal: controller.signal }), controller.signal)
      const held = call.course.held
      if (held) void held.then(disarm)
      else disarm()
      return result
    } catch (error) {
      disarm()
      throw error
    }
  }
}

function outOfTime(operation: string, target: string): WeftError {
  return new WeftError('deadline', `${operation} of ${target} did not finish before its deadline`)
}

/** The promise, or the abort's reason when that comes first. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(WeftError.from(signal.reason))
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
