/** Traces a second and thread that `weft traces` is given. */
const enough = 100
const hexDigits = 4
const span = 16 ** hexDigits
/** How the share may change from one second to the next. */
const steps = 16

/**
 * Says which traces are more than the lattice need see. A share of the trace ids is kept, so that all hosts keep the same
 * ones; it shrinks while more traces come than enough, and grows again.
 */
export function surplusTraces(
  now: () => number = performance.now.bind(performance),
): (traceId: string) => boolean {
  let below = span
  let second = 0
  let kept = 0
  let last = ''
  return (traceId) => {
    const current = Math.floor(now() / 1000)
    if (current !== second) {
      if (kept > enough) below = Math.max(1, Math.floor((below * enough) / kept))
      else if (kept < enough / 2) below = Math.min(span, below * steps)
      second = current
      kept = 0
    }
    const isKept = below === span || Number.parseInt(traceId.slice(-hexDigits), 16) < below
    if (isKept && traceId !== last) kept += 1
    last = traceId
    return !isKept
  }
}
