import { performance } from 'node:perf_hooks'

/** How often a thread looks at itself. */
const intervalMs = 1_000

/** Follows the share of each second that this thread's event loop was at work. */
export function watchBusy(onShare: (share: number) => void): { readonly share: () => number; stop(): void } {
  let before = performance.eventLoopUtilization()
  let share = 0
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization()
    share = Math.min(1, Math.max(0, performance.eventLoopUtilization(now, before).utilization))
    before = now
    onShare(share)
  }, intervalMs)
  return { share: () => share, stop: () => clearInterval(timer) }
}
