import type { connectNats } from '../lattice/connect.ts'
import type { Measure } from '../measure.ts'

/** Measures the NATS connection of a data thread, which carries nothing but calls, under the thread's name. */
export function watchWire(
  measure: Measure,
  wire: {
    readonly thread: string
    readonly connection: Pick<Awaited<ReturnType<typeof connectNats>>, 'stats'>
    readonly reconnects: () => number
    /** Calls and streams that are open. */
    readonly open: () => number
  },
): void {
  const { thread, connection, reconnects, open } = wire
  const both = (sent: number, received: number) => [
    { labels: { direction: 'sent' }, value: sent },
    { labels: { direction: 'received' }, value: received },
  ]
  measure.watch('wrpcMessages', () => both(connection.stats().outMsgs, connection.stats().inMsgs))
  measure.watch('wrpcBytes', () => both(connection.stats().outBytes, connection.stats().inBytes))
  measure.watch('natsReconnects', () => [{ labels: { thread }, value: reconnects() }])
  measure.watch('wrpcOpen', () => [{ labels: { thread }, value: open() }])
}
