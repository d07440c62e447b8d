/** The longest delay that a timer takes: one that is longer would ring at once. */
export const longestTimerMs = 2 ** 31 - 1

/** A delay in milliseconds that comes from outside, as a timer can have it: none is below 0 or beyond 24 days. */
export function timerMs(ms: number): number {
  return Math.min(Math.max(ms, 0), longestTimerMs)
}
