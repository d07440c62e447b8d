import type { TraceId } from '../call/trace-context.ts'

/** Spans a second and thread that `weft traces` is given. */
const enough = 1000
/** Of the last bits of the ids. */
const whole = 2 ** 16
/** How much the share grows from one second to the next, or shrinks within one. */
const step = 4

/**
 * Says which traces are more than the lattice need see; asked once for each span, with the time in milliseconds. A share of
 * the trace ids is kept, so that hosts under the same load keep the same traces; it shrinks as soon as more spans come than
 * enough, and grows again with each second in which few do.
 */
export function surplusTraces(): (id: TraceId, now: number) => boolean {
  let below = whole
  let secondEnds = 0
  let kept = 0
  let most = enough
  const keep = (share: number) => {
    below = Math.min(whole, Math.max(1, share))
  }
  return ({ fourth }, now) => {
    if (now >= secondEnds) {
      const current = Math.floor(now / 1000)
      // Nothing came in the seconds between.
      const calmSeconds = Math.max(0, current - secondEnds / 1000) + (kept < enough / 2 ? 1 : 0)
      if (below < whole) keep(below * step ** calmSeconds)
      secondEnds = (current + 1) * 1000
      kept = 0
      most = enough
    }
    if ((fourth & (whole - 1)) >= below) return true
    kept += 1
    if (kept > most) {
      keep(Math.floor(below / step))
      most += enough / step
    }
    return false
  }
}
