import type { Log, LogLevel } from '../log.ts'

const levels: Readonly<Record<string, LogLevel>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  critical: 'error',
}

/** `wasi:logging/logging`: each line goes to `log` with its level, `context` as an attribute when the guest gave one. */
export function loggingImports(log: Pick<Log, 'write'>): object {
  return {
    log: (level: string, context: string, message: string) =>
      log.write(levels[level] ?? 'info', message, { stream: 'wasi:logging', ...(context && { context }) }),
  }
}
