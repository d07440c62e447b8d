/** A timer's longest delay; a guest may ask for centuries. */
const longestTimerMs = 2_147_483_647

/** Resolves when the monotonic clock (nanoseconds, as `process.hrtime.bigint()`) reaches `mark`; rejects on abort. */
export function waitUntil(mark: bigint, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const ms = Number((mark - process.hrtime.bigint()) / 1_000_000n)
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(
      () => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      },
      Math.min(Math.max(ms, 0), longestTimerMs),
    )
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
