import { timerMs } from '../../timer-ms.ts'

/**
 * Resolves when the monotonic clock (nanoseconds, as `process.hrtime.bigint()`) has reached `mark`, never before; rejects
 * on abort.
 */
export function waitUntil(mark: bigint, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    let timer: NodeJS.Timeout | undefined
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    // A timer may be early by less than a millisecond, and may not be long enough: a guest may ask for centuries.
    const look = () => {
      const left = mark - process.hrtime.bigint()
      if (left > 0n) {
        timer = setTimeout(look, timerMs(Math.ceil(Number(left) / 1e6)))
        return
      }
      signal.removeEventListener('abort', onAbort)
      resolve()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    look()
  })
}
