import type { NatsConnection } from 'nats'
import { type MessagePublisher, serveConsumer } from '../src/capability/messaging-serve.ts'
import { messagingConsumer } from '../src/capability/messaging-wit.ts'
import { WeftError } from '../src/errors.ts'
import { defineProvider, type ProviderContext, type ProviderLink } from '../src/provider.ts'
import { consume } from './messaging-nats/consume.ts'
import { natsPublisher } from './messaging-nats/publisher.ts'
import { type Inflow, subscribe } from './messaging-nats/subscribe.ts'
import { type SubscribeOptions, subscribeOptionsFrom } from './messaging-nats/subscribe-options.ts'
import { type NatsConnections, natsConnections, natsLoginOf } from './nats/connections.ts'

/**
 * Messaging over NATS. A component that is linked to it for `wasmcloud:messaging/consumer` publishes and requests. It
 * hands messages to the components that it is linked to for `wasmcloud:messaging/handler`; config of the source:
 * `subscriptions` (`orders.*,jobs|workers`: subjects, each with a queue group if wanted), `consumers` of JetStream
 * (`[{"stream":"ORDERS","consumer":"packer"}]`), `timeout_ms` for one message (default 30000), `max_in_flight` on each data
 * thread (default 64; 1 keeps the order). `cluster_uris` names another NATS than the host's, at either end, `client_jwt` and `client_seed` (as secrets, too) its login. A message of a
 * subscription that fails is logged and gone: NATS itself promises no more. One of a consumer comes again.
 */
export default defineProvider({
  name: 'messaging-nats',
  runs: 'per-thread',
  exports: [messagingConsumer()],
  async start(context) {
    const connections = natsConnections(context)
    const publishers = new Map<string, MessagePublisher>()
    const subscribed = new Map<string, Inflow>()
    const failures = new Map<string, string>()
    const stopping = new Set<Promise<void>>()
    const put = async (link: ProviderLink) => {
      try {
        const nats = await natsOf(context, connections, link)
        if (link.target === context.id)
          publishers.set(publisherKey(link.source, link.name), natsPublisher(nats))
        else {
          const options = subscribeOptionsFrom({ ...context.config, ...link.sourceConfig }, nats)
          subscribed.set(subscriptionKey(link), await inflowOf({ context, link, options }, nats.connection))
        }
        failures.delete(subscriptionKey(link))
      } catch (error) {
        failures.set(subscriptionKey(link), WeftError.from(error).message)
        throw error
      }
    }
    // Messages that came may take their time; the next link does not wait for them.
    const end = (subscription: Inflow | undefined) => {
      const ending = subscription?.stop()
      if (!ending) return
      stopping.add(ending)
      void ending.then(() => stopping.delete(ending))
    }
    const takeOff = (link: ProviderLink) => {
      const subscription = subscribed.get(subscriptionKey(link))
      subscribed.delete(subscriptionKey(link))
      failures.delete(subscriptionKey(link))
      if (link.target === context.id) publishers.delete(publisherKey(link.source, link.name))
      return subscription
    }
    return {
      serve: serveConsumer((call) => {
        const publisher = publishers.get(publisherKey(call.source, call.context.linkName))
        if (publisher) return publisher
        throw new WeftError(
          'denied',
          `${call.source} has no link named ${call.context.linkName} to ${context.id}`,
        )
      }),
      putLink: put,
      async deleteLink(link) {
        end(takeOff(link))
      },
      async moveLink(before, after) {
        const subscription = takeOff(before)
        // Both are in one queue group: no message is lost between them, and none comes twice.
        await put(after).finally(() => end(subscription))
      },
      async health() {
        return failures.size === 0 ? undefined : [...failures.values()].join('; ')
      },
      async stop() {
        await Promise.all([...stopping, ...[...subscribed.values()].map((each) => each.stop())])
        await connections.close()
      },
    }
  },
})

/** All that a link brings in: subscriptions and consumers of JetStream. */
async function inflowOf(
  of: { readonly context: ProviderContext; readonly link: ProviderLink; readonly options: SubscribeOptions },
  connection: NatsConnection,
): Promise<Inflow> {
  const { context, link, options } = of
  const parts = { site: { context, link, timeoutMs: options.timeoutMs }, options, connection }
  const consumed = await consume(parts)
  const subscribed = await subscribe(parts)
  return {
    async stop() {
      await Promise.all([consumed.stop(), subscribed.stop()])
    },
  }
}

function publisherKey(source: string, name: string): string {
  return `${source} ${name}`
}

function subscriptionKey({ source, target, name }: ProviderLink): string {
  return `${source} ${target} ${name}`
}

/** The NATS that a link is about, and whether it is the lattice's own. */
async function natsOf(
  context: ProviderContext,
  connections: NatsConnections,
  link: ProviderLink,
): Promise<{ readonly connection: NatsConnection; readonly guards: boolean; readonly lattice: string }> {
  const isTarget = link.target === context.id
  const config = { ...context.config, ...(isTarget ? link.targetConfig : link.sourceConfig) }
  const url = config['cluster_uris'] ?? context.natsUrl
  const login = natsLoginOf(config, isTarget ? link.targetSecrets : link.sourceSecrets)
  const connection = await connections.to(url, login)
  const guards = isSameNats(connection, await connections.to(context.natsUrl))
  return { connection, guards, lattice: context.lattice }
}

/** One server may be named in several ways, and a cluster by each of its servers. */
function isSameNats({ info: one }: NatsConnection, { info: other }: NatsConnection): boolean {
  if (!one || !other) return true
  return one.server_id === other.server_id || (one.cluster !== undefined && one.cluster === other.cluster)
}
