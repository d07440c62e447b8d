import { connect, type Socket } from 'node:net'

/** What a stretch of load came to. */
export interface LoadResult {
  readonly requests: number
  readonly errors: number
  readonly seconds: number
  /** Milliseconds from request to answer, of every 16th request. */
  readonly latencies: readonly number[]
}

/**
 * Sends GET requests over `connections` keep-alive connections, one at a time on each, for `seconds`. Answers are only
 * looked at as far as it takes to see that they are whole, so that the generator costs less than what it measures.
 */
export async function httpLoad(
  url: string,
  {
    connections,
    seconds,
    pauseMs = 0,
  }: {
    readonly connections: number
    readonly seconds: number
    /** Between an answer and the next request on its connection; with one, every latency is kept. */
    readonly pauseMs?: number
  },
): Promise<LoadResult> {
  const { hostname, port, pathname, host } = new URL(url)
  const request = Buffer.from(`GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\n\r\n`)
  const latencies: number[] = []
  let requests = 0
  let errors = 0
  const start = performance.now()
  const end = start + seconds * 1000
  const one = () =>
    new Promise<void>((resolve) => {
      let pending: Buffer = Buffer.alloc(0)
      let sent = 0
      const socket: Socket = connect(Number(port), hostname)
      socket.setNoDelay(true)
      const send = () => {
        sent = performance.now()
        if (sent >= end) {
          socket.destroy()
          resolve()
        } else socket.write(request)
      }
      socket.on('connect', send)
      socket.on('data', (chunk: Buffer) => {
        pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
        if (!isWhole(pending)) return
        if (pending.subarray(9, 12).toString('latin1') !== '200') errors++
        pending = Buffer.alloc(0)
        if (requests++ % 16 === 0 || pauseMs > 0) latencies.push(performance.now() - sent)
        if (pauseMs > 0) setTimeout(send, pauseMs)
        else send()
      })
      socket.on('error', () => {
        errors++
        resolve()
      })
      socket.on('close', () => resolve())
    })
  await Promise.all(Array.from({ length: connections }, one))
  return { requests, errors, seconds: (performance.now() - start) / 1000, latencies }
}

function isWhole(answer: Buffer): boolean {
  const end = answer.indexOf('\r\n\r\n')
  if (end < 0) return false
  const head = answer.subarray(0, end).toString('latin1').toLowerCase()
  const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1]
  if (length !== undefined) return answer.length >= end + 4 + Number(length)
  return answer.subarray(-5).toString('latin1') === '0\r\n\r\n'
}
