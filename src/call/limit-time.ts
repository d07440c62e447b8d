import { WeftError } from '../errors.ts'
import { timerMs } from '../timer-ms.ts'
import { type Call, type Interceptor, type Invoke, operationName } from './call.ts'

/**
 * Ends a call at its deadline or when its caller gives up, whatever it is doing: the caller gets `deadline` or the
 * abort's reason, and the signal that the work sees is aborted with the same. It stays armed while a body streams. A call
 * made within one that is limited already, and not more narrowly, ends with it.
 */
export function limitTime(): Interceptor {
  return (next) => (call) => {
    const { endsBy = Number.POSITIVE_INFINITY } = call
    return endsBy <= call.context.deadline && !call.signal.aborted ? next(call) : limited(call, next)
  }
}

function limited(call: Call, next: Invoke): Promise<unknown> {
  const { deadline } = call.context
  const remaining = deadline - Date.now()
  if (remaining <= 0) return Promise.reject(timeOver(call))
  if (call.signal.aborted) return Promise.reject(WeftError.from(call.signal.reason))
  const controller = new AbortController()
  return new Promise((resolve, reject) => {
    const giveUp = (reason: unknown) => {
      disarm()
      controller.abort(reason)
      reject(WeftError.from(reason))
    }
    const leave = () => giveUp(call.signal.reason)
    const timer = setTimeout(() => giveUp(timeOver(call)), timerMs(remaining))
    call.signal.addEventListener('abort', leave, { once: true })
    const disarm = () => {
      clearTimeout(timer)
      call.signal.removeEventListener('abort', leave)
    }
    begun(next, { ...call, signal: controller.signal, endsBy: deadline }).then(
      (result) => {
        const { held } = call.course
        if (held) void held.then(disarm)
        else disarm()
        resolve(result)
      },
      (error: unknown) => {
        disarm()
        reject(error)
      },
    )
  })
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
