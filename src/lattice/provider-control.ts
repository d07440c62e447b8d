import type { NatsConnection } from 'nats'
import type { Log } from '../log.ts'
import { subscribeGuarded } from './connect.ts'
import { type ResolvedLink, resolvedLinkShape } from './resolved-link.ts'
import { flag, parseJson, record, text } from './shape.ts'
import { providerSubjects } from './subjects.ts'

/** What a provider says of itself. */
export interface ProviderHealth {
  readonly healthy: boolean
  /** What is wrong, for people. */
  readonly message?: string
}

/** What a host says to one instance of a provider, and hears about it. */
export interface ProviderControl {
  /** To this instance alone. */
  putLink(link: ResolvedLink): void
  /** To instances that hear of links by the provider's id: those from before xkeys. */
  putLinkById(link: ResolvedLink): void
  /** To every instance in the lattice. */
  deleteLink(link: ResolvedLink): void
  /** Calls back for each delete of a link of this provider, whoever publishes it. */
  onLinkDeleted(heard: (link: ResolvedLink) => void | Promise<void>): { stop(): void }
  putConfig(config: Readonly<Record<string, string>>): void
  /** `no answer` when no instance gives one within the time, `no nats` when that is not the provider's fault. */
  askHealth(timeoutMs: number): Promise<ProviderHealth | 'no answer' | 'no nats'>
  /** Asks the instance that this host started to end; false when it has not said yes within the time. */
  shutDown(timeoutMs: number): Promise<boolean>
}

const healthShape = record({ healthy: flag }, { message: text })

export function controlProvider(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly hostId: string
  readonly id: string
  /** The instance's public xkey. */
  readonly instance: string
  readonly log: Log
}): ProviderControl {
  const { connection, lattice, hostId, id, log } = options
  const subjects = providerSubjects(lattice, id)
  const exact = providerSubjects(lattice, options.instance)
  const publish = (subject: string, body: unknown) => {
    if (!connection.isClosed()) connection.publish(subject, JSON.stringify(body))
  }
  return {
    putLink: (link) => publish(exact.linkPut, link),
    putLinkById: (link) => publish(subjects.linkPut, link),
    deleteLink: (link) => publish(subjects.linkDel, link),
    onLinkDeleted(heard) {
      const subscription = subscribeGuarded(connection, subjects.linkDel, {
        log,
        onMessage: (message) => heard(parseJson(message.data, resolvedLinkShape)),
      })
      return { stop: () => subscription.unsubscribe() }
    },
    putConfig: (config) => publish(subjects.configUpdate, config),
    async askHealth(timeoutMs) {
      const answer = await connection
        .request(subjects.health, undefined, { timeout: timeoutMs })
        .catch(() => undefined)
      if (answer) return parseJson(answer.data, healthShape)
      return (await isReachable(connection, timeoutMs)) ? 'no answer' : 'no nats'
    },
    async shutDown(timeoutMs) {
      const body = JSON.stringify({ host_id: hostId })
      const asked = connection.request(subjects.shutdown, body, { timeout: timeoutMs })
      return asked.then(
        () => true,
        () => false,
      )
    },
  }
}

async function isReachable(connection: NatsConnection, timeoutMs: number): Promise<boolean> {
  const limit = Promise.withResolvers<boolean>()
  const timer = setTimeout(limit.resolve, timeoutMs, false)
  const pong = connection.rtt().then(
    () => true,
    () => false,
  )
  return Promise.race([pong, limit.promise]).finally(() => clearTimeout(timer))
}
