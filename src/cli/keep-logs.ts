import { subscribeGuarded } from '../lattice/connect.ts'
import { type LatticeLogLine, parseLogLines } from '../lattice/log-lines.ts'
import { type LogQuery, matchesQuery, serveLogs } from '../lattice/log-requests.ts'
import { logsSubject } from '../lattice/subjects.ts'
import type { OpenLattice } from './connect-lattice.ts'
import { byTime } from './order-lines.ts'

const mostLines = 10_000
const defaultLimit = 100

/** Keeps the latest log lines of a lattice in memory, bounded, and answers `weft logs`. */
export function keepLogs({ connection, lattice, log }: OpenLattice): { stop(): void } {
  const lines: LatticeLogLine[] = []
  // Hosts send their lines in batches, so that those of several come mixed.
  const find = (query: LogQuery) =>
    lines
      .filter((line) => matchesQuery(line, query))
      .toSorted(byTime)
      .slice(-Math.max(1, query.limit ?? defaultLimit))
  const subscription = subscribeGuarded(connection, logsSubject(lattice), {
    log,
    onMessage(message) {
      lines.push(...parseLogLines(message.data))
      // A tenth more may stand, so that the list is not moved for each message.
      if (lines.length > mostLines * 1.1) lines.splice(0, lines.length - mostLines)
    },
  })
  const requests = serveLogs({ connection, lattice, log, find })
  return {
    stop() {
      requests.stop()
      subscription.unsubscribe()
    },
  }
}
