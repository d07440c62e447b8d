import { type Log, type LogAttributes, type LogLevel, logLevels } from '../../log.ts'

/**
 * Logs a line that a provider has written: what Rust's `tracing` and Weft's own processes write as JSON with its level,
 * everything else as it stands. Gives its message back; '' for an empty line.
 */
export function logProviderLine(log: Log, line: string): string {
  if (line.trim() === '') return ''
  const read = line.startsWith('{') ? structured(line) : undefined
  const { level, message, attributes } = read ?? { level: 'info', message: line, attributes: {} }
  log.write(level, message, attributes)
  return message
}

interface Line {
  readonly level: LogLevel
  readonly message: string
  readonly attributes: LogAttributes
}

function structured(line: string): Line | undefined {
  try {
    const { level, fields, target } = JSON.parse(line) as Record<string, unknown>
    if (typeof fields !== 'object' || fields === null) return undefined
    const { message, ...others } = fields as Record<string, unknown>
    if (typeof message !== 'string') return undefined
    const plain = Object.entries({ target, ...others }).flatMap(([name, value]) =>
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
        ? [[name, value] as const]
        : [],
    )
    const known = logLevels.find((each) => each === String(level).toLowerCase())
    // Whose line it is, the host knows better.
    const { component: _, provider: __, ...attributes } = Object.fromEntries(plain)
    return { level: known ?? 'info', message, attributes }
  } catch {
    return undefined
  }
}
