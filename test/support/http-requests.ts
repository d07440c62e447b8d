import { until } from './until.ts'

/** Eight clients that keep on asking; `stop` gives what went wrong. */
export function startLoad(url: string) {
  const wrong: string[] = []
  let count = 0
  let slowest = 0
  let isOver = false
  const client = async () => {
    while (!isOver) {
      const start = performance.now()
      try {
        const answer = await fetch(url)
        const text = await answer.text()
        if (answer.status !== 200) wrong.push(`${answer.status} ${text}`)
      } catch (error) {
        // `terminated`: broken off within an answer; `fetch failed`: before one.
        wrong.push(error instanceof Error ? `${error.message}: ${error.cause ?? ''}` : String(error))
      }
      count += 1
      slowest = Math.max(slowest, performance.now() - start)
    }
  }
  const clients = Array.from({ length: 8 }, client)
  return {
    /** Waits for so many answers more. */
    answered: (more: number) => {
      const enough = count + more
      return until(() => count >= enough, { timeoutMs: 30_000 })
    },
    /** How long the slowest answer took so far, in milliseconds. */
    slowest: () => slowest,
    /** How many answers were good so far. */
    good: () => count - wrong.length,
    async stop() {
      isOver = true
      await Promise.all(clients)
      return wrong
    },
  }
}
