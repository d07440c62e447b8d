import type { NatsConnection } from 'nats'
import { type Log, type LogLevel, logLevels } from '../log.ts'
import { requestKept, serveKept } from './kept-requests.ts'
import { type LatticeLogLine, parseLogLines } from './log-lines.ts'
import { count, parseJson, record, text } from './shape.ts'
import { recentLogsSubject } from './subjects.ts'

/** Which lines are wanted; every condition that is given must hold. */
export interface LogQuery {
  /** Id of a component or provider. */
  readonly component?: string
  /** This level and those above. */
  readonly level?: LogLevel
  /** Friendly name of a host. */
  readonly host?: string
  /** Beginning of a trace id. */
  readonly trace?: string
  /** The latest so many. Default 100. */
  readonly limit?: number
}

const queryShape = record({}, { component: text, level: text, host: text, trace: text, limit: count })

/** True for a line that was asked for. */
export function matchesQuery(line: LatticeLogLine, query: LogQuery): boolean {
  const { component, provider, traceId } = line.attributes
  if (query.component !== undefined && component !== query.component && provider !== query.component)
    return false
  if (query.host !== undefined && line.host !== query.host) return false
  if (query.trace !== undefined && !String(traceId ?? '').startsWith(query.trace)) return false
  return query.level === undefined || logLevels.indexOf(line.level) >= logLevels.indexOf(query.level)
}

/** Answers requests for the latest lines from `find`. */
export function serveLogs(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly log: Log
  readonly find: (query: LogQuery) => readonly LatticeLogLine[]
}): { stop(): void } {
  const { connection, lattice, log, find } = options
  return serveKept({
    connection,
    subject: recentLogsSubject(lattice),
    log,
    answer(question) {
      const { level: wanted, ...query } = parseJson(question, queryShape)
      const level = logLevels.find((each) => each === wanted)
      return { items: find({ ...query, ...(level !== undefined && { level }) }), ids: [] }
    },
  })
}

/** Asks for the latest lines, oldest first. Nobody there is `unavailable`. */
export async function requestLogs(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly query: LogQuery
}): Promise<LatticeLogLine[]> {
  const { connection, lattice, query } = options
  const hint =
    'the `weft up` that starts a lattice keeps its latest lines; --follow shows new ones of any lattice'
  const { items } = await requestKept({
    connection,
    subject: recentLogsSubject(lattice),
    request: query,
    what: `the logs of lattice ${lattice}`,
    nobody: `nobody keeps the logs of lattice ${lattice}: ${hint}`,
  })
  return parseLogLines(Buffer.from(JSON.stringify(items)))
}
