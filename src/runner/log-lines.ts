import { createLog, type Log } from '../log.ts'

/** A log whose lines the host reads: JSON with level and fields, as Rust's `tracing` writes it. */
export function lineLog(write: (line: string) => void): Log {
  return createLog(({ time, level, message, attributes }) => {
    const timestamp = new Date(time).toISOString()
    const fields = { message, ...attributes }
    write(`${JSON.stringify({ timestamp, level: level.toUpperCase(), fields })}\n`)
  })
}
