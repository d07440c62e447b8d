import { setTimeout as delay } from 'node:timers/promises'

/** A request that got no good answer. */
export interface LostRequest {
  /** Milliseconds since the load began. */
  readonly at: number
  readonly afterMs: number
  readonly why: string
}

/** What a load has come to so far. */
export interface LoadSoFar {
  readonly good: number
  readonly lost: readonly LostRequest[]
  /** Milliseconds that the slowest good answer took. */
  readonly slowestMs: number
}

/** Sends GET requests from several callers, each one after the other with a pause, until it is stopped. */
export function steadyLoad(
  urls: readonly string[],
  options: {
    readonly callers: number
    readonly pauseMs?: number
    readonly timeoutMs?: number
    /** Which answers are good; left out: those with 2xx. */
    readonly isGood?: (answer: Response) => boolean
  },
): {
  soFar(): LoadSoFar
  /** How many good answers had a text that matches. */
  matching(pattern: RegExp): number
  /** Lets the last requests end. */
  stop(): Promise<LoadSoFar>
} {
  const { callers, pauseMs = 5, timeoutMs = 30_000, isGood = (answer) => answer.ok } = options
  const begun = performance.now()
  const lost: LostRequest[] = []
  const texts = new Map<string, number>()
  let good = 0
  let slowestMs = 0
  let stopped = false
  const one = async (url: string) => {
    const start = performance.now()
    const fail = (why: string) => lost.push({ at: start - begun, afterMs: performance.now() - start, why })
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) })
      const text = await answer.text()
      if (!isGood(answer)) fail(`${answer.status} ${text.slice(0, 200)}`)
      else {
        good += 1
        texts.set(text, (texts.get(text) ?? 0) + 1)
        slowestMs = Math.max(slowestMs, performance.now() - start)
      }
    } catch (error) {
      fail(
        error instanceof Error
          ? `${error.name}: ${error.message} ${String(error.cause ?? '')}`
          : String(error),
      )
    }
  }
  const caller = async (index: number) => {
    while (!stopped) {
      await one(urls[index % urls.length] ?? '')
      await delay(pauseMs)
    }
  }
  const all = Promise.all(Array.from({ length: callers }, (_, index) => caller(index)))
  const soFar = () => ({ good, lost, slowestMs })
  return {
    soFar,
    matching: (pattern) =>
      [...texts].reduce((sum, [text, count]) => sum + (pattern.test(text) ? count : 0), 0),
    async stop() {
      stopped = true
      await all
      return soFar()
    },
  }
}
