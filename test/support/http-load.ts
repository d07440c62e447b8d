import { Agent, get } from 'node:http'

export interface LoadResult {
  readonly sent: number
  /** What went wrong, in words, one for each request that failed. */
  readonly failed: readonly string[]
}

export interface RunningLoad {
  /** How many requests were answered with a text that matches, so far. */
  matching(pattern: RegExp): number
  readonly sent: () => number
  readonly failed: () => readonly string[]
  /** Ends when the requests in flight have. */
  stop(): Promise<LoadResult>
}

/** Asks a URL without a break from several callers at once. A request fails by its connection, or by a status from 500 on. */
export function startHttpLoad(url: string, callers: number): RunningLoad {
  const agent = new Agent({ keepAlive: true, maxSockets: callers })
  const texts = new Map<string, number>()
  const failed: string[] = []
  let sent = 0
  let isOver = false
  const call = async () => {
    while (!isOver) {
      sent += 1
      const { status, text } = await ask(url, agent)
      if (status === undefined || status >= 500) failed.push(`${status ?? 'no answer'}: ${text}`)
      else texts.set(text, (texts.get(text) ?? 0) + 1)
    }
  }
  const ended = Promise.all(Array.from({ length: callers }, call))
  return {
    matching: (pattern) =>
      [...texts].reduce((sum, [text, count]) => sum + (pattern.test(text) ? count : 0), 0),
    sent: () => sent,
    failed: () => failed,
    async stop() {
      isOver = true
      await ended
      agent.destroy()
      return { sent, failed }
    },
  }
}

function ask(url: string, agent: Agent): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve) => {
    const request = get(url, { agent, timeout: 30_000 }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        text += part
      })
      response.on('end', () => resolve({ status: response.statusCode, text }))
      response.on('error', (error) => resolve({ status: undefined, text: error.message }))
    })
    request.on('timeout', () => request.destroy(new Error('no answer within 30 s')))
    request.on('error', (error) => resolve({ status: undefined, text: error.message }))
  })
}
