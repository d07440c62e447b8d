/** Spans a second and thread that `weft traces` is given. */
const enough = 1000
const hexDigits = 4
const whole = 16 ** hexDigits
/** How much the share grows from one second to the next, or shrinks within one. */
const step = 4

/**
 * Says which traces are more than the lattice need see; asked once for each span, with the time in milliseconds. A share of
 * the trace ids is kept, so that hosts under the same load keep the same traces; it shrinks as soon as more spans come than
 * enough, and grows again with each second in which few do.
 */
export function surplusTraces(): (traceId: string, now: number) => boolean {
  let below = whole
  let firstSurplus = ''
  let second = 0
  let kept = 0
  let most = enough
  const keep = (share: number) => {
    below = Math.min(whole, Math.max(1, share))
    firstSurplus = below.toString(16).padStart(hexDigits, '0')
  }
  return (traceId, now) => {
    const current = Math.floor(now / 1000)
    if (current !== second) {
      // Nothing came in the seconds between.
      const calmSeconds = Math.max(0, current - second - 1) + (kept < enough / 2 ? 1 : 0)
      if (below < whole) keep(below * step ** calmSeconds)
      second = current
      kept = 0
      most = enough
    }
    // Both are lower-case hex of one length.
    const isKept = below === whole || traceId.slice(-hexDigits) < firstSurplus
    if (!isKept) return true
    kept += 1
    if (kept > most) {
      keep(Math.floor(below / step))
      most += enough / step
    }
    return false
  }
}
