import type { Msg, NatsConnection } from 'nats'
import { WeftError } from '../../src/errors.ts'
import { subscribeGuarded } from '../../src/lattice/connect.ts'
import { Delivery } from './delivery.ts'
import { enterMessage, type MessageSite } from './enter-message.ts'
import { contextFromHeaders } from './message-headers.ts'
import { brokerMessageFrom } from './publisher.ts'
import type { SubscribeOptions, WantedSubscription } from './subscribe-options.ts'

/** A source of messages. `stop` takes no more and ends what came. */
export interface Inflow {
  stop(): Promise<void>
}

/** What the messages of one link come in with. */
export interface InflowParts {
  readonly site: MessageSite
  readonly connection: NatsConnection
  readonly options: SubscribeOptions
}

/** Subscribes for a link; what comes goes to the component at its other end. */
export async function subscribe(parts: InflowParts): Promise<Inflow> {
  const { site, options, connection } = parts
  // In order means one thread, too.
  const wanted = options.maxInFlight === 1 && !site.context.isLeader ? [] : options.subscriptions
  const open = wanted.map((each) => subscribeOne(parts, each))
  await connection.flush()
  return {
    async stop() {
      await Promise.all(open.map((each) => each.stop()))
    },
  }
}

function subscribeOne({ site, options, connection }: InflowParts, wanted: WantedSubscription): Inflow {
  const { context, link } = site
  const { subject: subscription, queue: group } = wanted
  const enter = (message: Msg, refusal?: WeftError) =>
    enterMessage(site, {
      message: brokerMessageFrom(message),
      sent: contextFromHeaders(message.headers),
      origin: { subscription, group },
      ...(refusal && { refusal }),
    })
  const delivery = new Delivery<Msg>({
    maxInFlight: options.maxInFlight,
    handle: (message) => enter(message),
    refuse: (message) => {
      const why = `too many messages of ${subscription} wait for ${link.target}: this one is dropped`
      void enter(message, new WeftError('exhausted', why))
    },
  })
  const subscribed = subscribeGuarded(connection, subscription, {
    // The threads of a host share what an instance of the provider gets.
    queue: group ?? `weft.${context.hostId}.${context.id}.${link.name}`,
    log: context.log,
    onMessage: (message) => delivery.take(message),
  })
  return {
    async stop() {
      await subscribed.drain().catch(() => {})
      await delivery.idle
    },
  }
}
