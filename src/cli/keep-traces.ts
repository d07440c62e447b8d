import { subscribeGuarded } from '../lattice/connect.ts'
import { spansSubject } from '../lattice/subjects.ts'
import { serveTraces } from '../lattice/trace-requests.ts'
import { TraceStore } from '../telemetry/trace-store.ts'
import type { OpenLattice } from './connect-lattice.ts'

/** Keeps the latest traces of a lattice in memory, bounded, and answers `weft traces`. */
export function keepTraces({ connection, lattice, log }: OpenLattice): { stop(): void } {
  const store = new TraceStore()
  const spans = subscribeGuarded(connection, spansSubject(lattice), {
    log,
    onMessage: (message) => store.accept(message.data),
  })
  const requests = serveTraces({
    connection,
    lattice,
    log,
    keeper: {
      list: ({ component, errors, minDurationMs, limit }) =>
        store.latest({
          ...(component !== undefined && { component }),
          ...(errors && { errors }),
          ...(minDurationMs !== undefined && { minDurationMs }),
          ...(limit !== undefined && { limit }),
        }),
      find: (id) => store.idsWithPrefix(id).map((found) => ({ id: found, spans: store.spansOf(found) })),
    },
  })
  return {
    stop() {
      requests.stop()
      spans.unsubscribe()
    },
  }
}
