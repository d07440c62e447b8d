import type { LogRecord } from '../log.ts'

export interface PublishLogsOptions {
  /** Puts one message on `weft.logs.{lattice}`; may throw. */
  readonly publish: (message: string) => void
  /** The host's friendly name. */
  readonly host: string
}

const flushMs = 200
/** Lines beyond this many a second are only counted: a guest in a loop must not flood the lattice. */
const mostLinesPerSecond = 1000
const longestMessage = 8192
/** Half of NATS' default max_payload. */
const mostBytes = 512 * 1024

/** Publishes log lines in batches, bounded; `stop` publishes the rest. Never throws and never waits. */
export function publishLogs({ publish, host }: PublishLogsOptions): {
  readonly sink: (record: LogRecord) => void
  stop(): void
} {
  let waiting: string[] = []
  let bytes = 0
  let timer: NodeJS.Timeout | undefined
  let second = 0
  let inSecond = 0
  let left = 0
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (waiting.length === 0) return
    const message = `[${waiting.join(',')}]`
    waiting = []
    bytes = 0
    try {
      publish(message)
    } catch {
      // The lattice is away; the lines are on the terminal and at the collector all the same.
    }
  }
  const put = (record: LogRecord) => {
    const line = JSON.stringify({
      time: record.time,
      level: record.level,
      message: record.message.slice(0, longestMessage),
      host,
      attributes: record.attributes,
    })
    if (bytes + line.length > mostBytes) flush()
    waiting.push(line)
    bytes += line.length
    timer ??= setTimeout(flush, flushMs).unref()
  }
  const nextSecond = (now: number) => {
    second = now
    inSecond = 0
    if (left === 0) return
    const message = `${left} log lines were left out: a host publishes ${mostLinesPerSecond} a second`
    left = 0
    put({ time: now * 1000, level: 'warn', message, attributes: {} })
  }
  return {
    sink(record) {
      const now = Math.floor(record.time / 1000)
      if (now !== second) nextSecond(now)
      inSecond += 1
      if (inSecond > mostLinesPerSecond) left += 1
      else put(record)
    },
    stop: flush,
  }
}
