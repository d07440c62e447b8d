import type { LatticeLogLine } from '../lattice/log-lines.ts'

/** Hosts gather lines for 200 ms before they send them; the rest is the way. */
const waitMs = 300

/**
 * Hands on the lines of several hosts in the order of their time: each waits as long as another host may take to send
 * one from before it. `stop` hands on the rest.
 */
export function orderLines(handOn: (line: LatticeLogLine) => void): {
  take(lines: readonly LatticeLogLine[]): void
  stop(): void
} {
  // In the order in which they came.
  let waiting: { readonly line: LatticeLogLine; readonly came: number }[] = []
  let timer: NodeJS.Timeout | undefined
  const handOnUntil = (latest: number) => {
    const due = waiting.filter(({ line }) => line.time <= latest)
    waiting = waiting.filter(({ line }) => line.time > latest)
    for (const { line } of due.toSorted((a, b) => byTime(a.line, b.line))) handOn(line)
  }
  const tick = () => {
    const now = performance.now()
    const old = waiting.filter(({ came }) => came <= now - waitMs)
    handOnUntil(old.reduce((latest, { line }) => Math.max(latest, line.time), Number.NEGATIVE_INFINITY))
    const [first] = waiting
    timer = first && setTimeout(tick, Math.max(1, first.came + waitMs - now))
  }
  return {
    take(lines) {
      const came = performance.now()
      for (const line of lines) waiting.push({ line, came })
      if (waiting.length > 0) timer ??= setTimeout(tick, waitMs)
    },
    stop() {
      clearTimeout(timer)
      handOnUntil(Number.POSITIVE_INFINITY)
    },
  }
}

/** The order of lines; those of one moment stay as they are. */
export function byTime(a: LatticeLogLine, b: LatticeLogLine): number {
  return a.time - b.time
}
