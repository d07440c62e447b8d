export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

export type LogAttributes = Readonly<Record<string, string | number | boolean | undefined>>

/** One log line as data. `time` is milliseconds since the epoch. */
export interface LogRecord {
  readonly time: number
  readonly level: LogLevel
  readonly message: string
  readonly attributes: LogAttributes
}

/**
 * The port for log lines. Well-known attributes: `component`, `provider`, `operation`, `traceId`, `spanId`, `stream`
 * (`stdout`, `stderr`, `wasi:logging`) and `error`.
 */
export interface Log {
  write(level: LogLevel, message: string, attributes?: LogAttributes): void
  debug(message: string, attributes?: LogAttributes): void
  info(message: string, attributes?: LogAttributes): void
  warn(message: string, attributes?: LogAttributes): void
  error(message: string, attributes?: LogAttributes): void
  /** The same log with these attributes on every line. */
  with(attributes: LogAttributes): Log
}

/** Makes a log whose lines go to `sink`; `attributes` stand on every line. The sink must not throw. */
export function createLog(sink: (record: LogRecord) => void, attributes: LogAttributes = {}): Log {
  const write: Log['write'] = (level, message, more) =>
    sink({ time: Date.now(), level, message, attributes: more ? { ...attributes, ...more } : attributes })
  return {
    write,
    debug: (message, more) => write('debug', message, more),
    info: (message, more) => write('info', message, more),
    warn: (message, more) => write('warn', message, more),
    error: (message, more) => write('error', message, more),
    with: (more) => createLog(sink, { ...attributes, ...more }),
  }
}

/** A sink that drops lines below `level`. */
export function atLeast(level: LogLevel, sink: (record: LogRecord) => void): (record: LogRecord) => void {
  const least = logLevels.indexOf(level)
  return (record) => {
    if (logLevels.indexOf(record.level) >= least) sink(record)
  }
}

/** One line of text for people: `12:30:01.123 WARN  message key=value`. Line breaks in values are kept, indented. */
export function formatLogLine(record: LogRecord): string {
  const clock = new Date(record.time).toISOString().slice(11, 23)
  const pairs = Object.entries(record.attributes)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([key, value]) => ` ${key}=${quoteIfNeeded(String(value))}`)
  return `${clock} ${record.level.toUpperCase().padEnd(5)} ${record.message}${pairs.join('')}`
}

function quoteIfNeeded(value: string): string {
  if (value.includes('\n')) return `\n    ${value.replaceAll('\n', '\n    ')}`
  return /[\s"=]/.test(value) ? JSON.stringify(value) : value
}
