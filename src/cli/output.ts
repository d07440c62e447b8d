import { WeftError } from '../errors.ts'
import { timerMs } from '../timer-ms.ts'
import type { CommandInput } from './command.ts'
import { paint, plain } from './terminal-text.ts'

/** True for `--output json`; another format than text or json is `invalid`. */
export function wantsJson({ flags }: CommandInput): boolean {
  const format = flags['output'] ?? 'text'
  if (format !== 'text' && format !== 'json') {
    throw new WeftError('invalid', `--output: expected text or json, got ${JSON.stringify(format)}`)
  }
  return format === 'json'
}

/** Prints data as JSON with a line break behind it. */
export function printJson({ terminal }: CommandInput, data: unknown): void {
  terminal.out(`${JSON.stringify(data, null, 2)}\n`)
}

/** Prints rows under a head, columns as wide as they must be; what rows say is not trusted. */
export function printTable(
  { terminal }: CommandInput,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const safe = rows.map((row) => row.map(plain))
  const widths = head.map((title, at) => Math.max(title.length, ...safe.map((row) => row[at]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd()
  terminal.out(`${paint('bold', line(head), { color: terminal.isColour })}\n`)
  for (const row of safe) terminal.out(`${line(row)}\n`)
}

/** Reads `60s`, `500ms` or `2m` from a flag, in ms. */
export function durationFlag(name: string, text: unknown, otherwise: number): number {
  if (text === undefined) return otherwise
  const [, count, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(String(text)) ?? []
  const factor = { ms: 1, s: 1000, m: 60_000 }[unit ?? '']
  if (factor === undefined) {
    throw new WeftError(
      'invalid',
      `--${name}: expected a duration such as 500ms, 60s or 2m, got ${JSON.stringify(text)}`,
    )
  }
  return timerMs(Number(count) * factor)
}

/** Reads a whole number from a flag or argument. */
export function countFrom(what: string, text: unknown, most: number): number {
  const count = Number(text)
  if (typeof text === 'string' && /^\d+$/.test(text) && count <= most) return count
  throw new WeftError(
    'invalid',
    `${what}: expected a whole number up to ${most}, got ${JSON.stringify(text)}`,
  )
}
