/** Spans a second and thread that `weft traces` is given. */
const enough = 1000
const hexDigits = 4
const whole = 16 ** hexDigits
/** How much the share may grow from one second to the next. */
const growth = 16

/**
 * Says which traces are more than the lattice need see; asked once for each span, with the time in milliseconds. A share of
 * the trace ids is kept, so that hosts under the same load keep the same traces; it shrinks while more spans come than
 * enough, and grows again.
 */
export function surplusTraces(): (traceId: string, now: number) => boolean {
  let below = whole
  let firstSurplus = ''
  let second = 0
  let kept = 0
  return (traceId, now) => {
    const current = Math.floor(now / 1000)
    if (current !== second) {
      if (kept > enough) below = Math.max(1, Math.floor((below * enough) / kept))
      else if (kept < enough / 2) below = Math.min(whole, below * growth)
      firstSurplus = below.toString(16).padStart(hexDigits, '0')
      second = current
      kept = 0
    }
    // Both are lower-case hex of one length.
    const isKept = below === whole || traceId.slice(-hexDigits) < firstSurplus
    if (isKept) kept += 1
    return !isKept
  }
}
