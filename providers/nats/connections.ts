import type { NatsConnection } from 'nats'
import { connectNats } from '../../src/lattice/connect.ts'
import type { NatsLogin } from '../../src/nats-login.ts'
import type { ProviderContext } from '../../src/provider.ts'
import type { Secrets } from '../../src/secret.ts'

/** The NATS connections of a provider: one for each server that its links name. */
export interface NatsConnections {
  /**
   * `url` may name several servers of one cluster, separated by commas. Without a login of the link's own, the host's NATS
   * is logged in to as the host does.
   */
  to(url: string, login?: NatsLogin): Promise<NatsConnection>
  close(): Promise<void>
}

/** Connects when a link first needs it. */
export function natsConnections(context: ProviderContext): NatsConnections {
  const open = new Map<string, Promise<NatsConnection>>()
  return {
    to(url, own) {
      const key = JSON.stringify([url, own])
      const existing = open.get(key)
      if (existing) return existing
      const login = own ?? (url === context.natsUrl ? context.natsLogin : undefined)
      const made = connectNats({ url, name: `weft-${context.id}`, log: context.log, login })
      open.set(key, made)
      made.catch(() => open.delete(key))
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

/** The login that a link brings: `client_jwt` and `client_seed`, in its config or, better, as secrets of those names. */
export function natsLoginOf(
  config: Readonly<Record<string, string>>,
  secrets: Secrets | undefined,
): NatsLogin | undefined {
  const value = (name: string) => {
    const secret = secrets?.[name]
    return secret?.tag === 'string' ? secret.val : config[name]
  }
  const jwt = value('client_jwt')
  const seed = value('client_seed')
  return jwt === undefined && seed === undefined ? undefined : { jwt, seed }
}
