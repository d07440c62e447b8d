import { performance } from 'node:perf_hooks'

/** How often the clock looks whether the system slept, in milliseconds. */
const lookEveryMs = 1000
/** So much later than expected, the system slept or its clock was set; less is its usual drift. */
const leastSleepMs = 1000

// One clock for all of a thread, in variables of the module: each call reads it, and fields of an object take longer.
let origin = performance.timeOrigin
let lookAt = 0

/**
 * Milliseconds since the epoch with sub-millisecond resolution. It never goes back, whatever becomes of the system's clock,
 * and catches up with that about a second after a sleep, in which the monotonic clock stands still.
 */
export function preciseNow(): number {
  const passed = performance.now()
  if (passed >= lookAt) look(passed)
  return origin + passed
}

/** A time of this clock as others read it, who have the system's: the two drift apart, and that one may be set. */
export function toSystemTime(time: number): number {
  return time - preciseNow() + Date.now()
}

/** The other way round. */
export function fromSystemTime(time: number): number {
  return time + preciseNow() - Date.now()
}

function look(passed: number): void {
  lookAt = passed + lookEveryMs
  const behind = Date.now() - (origin + passed)
  if (behind > leastSleepMs) origin += behind
}
