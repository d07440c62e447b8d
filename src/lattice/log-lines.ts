import { WeftError } from '../errors.ts'
import { type LogLevel, logLevels } from '../log.ts'
import { anything, listOf, parseJson, record, type Shape, text } from './shape.ts'

/** A log line as it travels in the lattice: which host wrote it, for which component or provider. */
export interface LatticeLogLine {
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly level: LogLevel
  readonly message: string
  readonly host: string
  readonly attributes: Readonly<Record<string, string | number | boolean>>
}

const longestMessage = 8192
const longestAttribute = 2048
const mostAttributes = 32

const time: Shape<number> = (value, path) => {
  if (typeof value === 'number' && value >= 0 && value < 253_402_300_800_000) return value
  throw new WeftError('invalid', `${path}: expected milliseconds since 1970`)
}
const lineShape = record({ time, level: text, message: text, host: text }, { attributes: anything })
const linesShape = listOf(lineShape)

/** Reads a message of `weft.logs.{lattice}`; throws `invalid` when it holds no lines. */
export function parseLogLines(message: Uint8Array): LatticeLogLine[] {
  return parseJson(message, linesShape).map((line) => ({
    time: line.time,
    level: logLevels.find((level) => level === line.level) ?? 'info',
    message: line.message.slice(0, longestMessage),
    host: line.host.slice(0, longestAttribute),
    attributes: plainAttributes(line.attributes),
  }))
}

function plainAttributes(value: unknown): LatticeLogLine['attributes'] {
  if (typeof value !== 'object' || value === null) return {}
  const entries = Object.entries(value).flatMap(([key, entry]): [string, string | number | boolean][] => {
    if (typeof entry === 'string') return [[key.slice(0, 256), entry.slice(0, longestAttribute)]]
    return typeof entry === 'number' || typeof entry === 'boolean' ? [[key.slice(0, 256), entry]] : []
  })
  return Object.fromEntries(entries.slice(0, mostAttributes))
}
