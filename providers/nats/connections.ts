import type { NatsConnection } from 'nats'
import { connectNats } from '../../src/lattice/connect.ts'
import type { ProviderContext } from '../../src/provider.ts'

/** The NATS connections of a provider: one for each server that its links name. */
export interface NatsConnections {
  /** `url` may name several servers of one cluster, separated by commas; the host's own NATS is logged in to as the host does. */
  to(url: string): Promise<NatsConnection>
  close(): Promise<void>
}

/** Connects when a link first needs it. */
export function natsConnections(context: ProviderContext): NatsConnections {
  const open = new Map<string, Promise<NatsConnection>>()
  return {
    to(url) {
      const existing = open.get(url)
      if (existing) return existing
      const login = url === context.natsUrl ? context.natsLogin : undefined
      const made = connectNats({ url, name: `weft-${context.id}`, log: context.log, login })
      open.set(url, made)
      made.catch(() => open.delete(url))
      return made
    },
    async close() {
      const ends = await Promise.allSettled(open.values())
      await Promise.allSettled(
        ends.map((end) => (end.status === 'fulfilled' ? end.value.close() : undefined)),
      )
    },
  }
}
