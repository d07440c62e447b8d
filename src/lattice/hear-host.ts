import type { NatsConnection } from 'nats'
import type { Log } from '../log.ts'
import { subscribeGuarded } from './connect.ts'
import type { ProviderHealth } from './provider-control.ts'
import { type ResolvedLink, resolvedLinkShape } from './resolved-link.ts'
import { mapOf, parseJson, record, text } from './shape.ts'
import { providerSubjects } from './subjects.ts'

/** Which provider hears its host, and what it does with what it hears. */
export interface HearHostOptions {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly hostId: string
  /** The provider's id. */
  readonly id: string
  /** The instance's public xkey, on which it hears of links; the id where there is none. */
  readonly instance: string
  readonly onLinkPut: (link: ResolvedLink) => void
  readonly onLinkDeleted: (link: ResolvedLink) => void
  readonly onConfig: (config: Readonly<Record<string, string>>) => void | Promise<void>
  /** The host that started this process asks it to end; it is told yes when this settles, and may kill then. */
  readonly onShutdown: () => Promise<void>
  readonly log: Log
}

const shutdownShape = record({ host_id: text })

/** What a provider process hears from its host. `answerHealth` comes last: whoever answers is ready. */
export function hearHost(options: HearHostOptions): {
  answerHealth(health: () => Promise<ProviderHealth>): void
} {
  const { connection, log } = options
  const subjects = providerSubjects(options.lattice, options.id)
  const exact = providerSubjects(options.lattice, options.instance)
  subscribeGuarded(connection, exact.linkPut, {
    log,
    onMessage: ({ data }) => options.onLinkPut(parseJson(data, resolvedLinkShape)),
  })
  subscribeGuarded(connection, subjects.linkDel, {
    log,
    onMessage: ({ data }) => options.onLinkDeleted(parseJson(data, resolvedLinkShape)),
  })
  subscribeGuarded(connection, subjects.configUpdate, {
    log,
    onMessage: ({ data }) => options.onConfig(parseJson(data, mapOf(text))),
  })
  subscribeGuarded(connection, subjects.shutdown, {
    log,
    async onMessage(message) {
      if (parseJson(message.data, shutdownShape).host_id !== options.hostId) return
      await options.onShutdown()
      message.respond('shutting down')
    },
  })
  return {
    answerHealth(health) {
      subscribeGuarded(connection, subjects.health, {
        log,
        onMessage: async (message) => void message.respond(JSON.stringify(await health())),
      })
    },
  }
}
