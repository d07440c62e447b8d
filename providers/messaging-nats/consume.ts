import { setTimeout as delay } from 'node:timers/promises'
import {
  type Consumer,
  type ConsumerMessages,
  JetStreamApiCodes,
  JetStreamApiError,
  type JsMsg,
  jetstream,
} from '@nats-io/jetstream'
import type { NatsConnection } from 'nats'
import { WeftError } from '../../src/errors.ts'
import { timerMs } from '../../src/timer-ms.ts'
import { enterMessage, type MessageSite } from './enter-message.ts'
import { contextFromHeaders } from './message-headers.ts'
import type { Inflow, InflowParts } from './subscribe.ts'
import type { WantedConsumer } from './subscribe-options.ts'

/** A message that failed comes again after this, twice as late each time. */
const firstPauseMs = 1000
const longestPauseMs = 60_000
/** How long the server waits for an acknowledgement where the consumer does not say. */
const usualAckWaitMs = 30_000
const restartPauseMs = 5000
/** An idle consumer is asked again after so long. */
const fetchMs = 5000

/**
 * Takes messages from JetStream consumers for a link: each is acknowledged when the component has handled it, and comes
 * again when it has not, as often as the consumer allows. No more are fetched than can be handled.
 */
export async function consume({ site, options, connection }: InflowParts): Promise<Inflow> {
  const inOrder = options.maxInFlight === 1
  const wanted = inOrder && !site.context.isLeader ? [] : options.consumers
  const open: Inflow[] = []
  try {
    for (const each of wanted)
      open.push(await consumeOne(site, connection, { ...each, most: options.maxInFlight }))
  } catch (error) {
    await Promise.all(open.map((each) => each.stop()))
    throw error
  }
  return {
    async stop() {
      await Promise.all(open.map((each) => each.stop()))
    },
  }
}

async function consumeOne(
  site: MessageSite,
  connection: NatsConnection,
  wanted: WantedConsumer & { readonly most: number },
): Promise<Inflow> {
  const consumer = await find(connection, wanted)
  const { ack_wait: ackWaitNanos } = (await consumer.info(true)).config
  const ackWaitMs = ackWaitNanos === undefined ? usualAckWaitMs : ackWaitNanos / 1_000_000
  const underWay = new Set<Promise<void>>()
  const stopping = new AbortController()
  let messages: ConsumerMessages | undefined

  // Fetched is what can begin at once: a message that waited here would count as lost after a while, and come again.
  const take = async () => {
    if (underWay.size >= wanted.most) await Promise.race(underWay)
    const room = wanted.most - underWay.size
    messages = await consumer.fetch({
      max_messages: Math.min(room, wanted.maxMessages ?? room),
      expires: fetchMs,
    })
    if (stopping.signal.aborted) messages.stop()
    for await (const message of messages) {
      const handling = handle(site, message, { wanted, ackWaitMs })
      underWay.add(handling)
      void handling.then(() => underWay.delete(handling))
    }
  }
  const run = async () => {
    while (!stopping.signal.aborted) {
      await take().catch(async (error: unknown) => {
        const why = WeftError.from(error).message
        site.context.log.warn(`consumer ${wanted.consumer} of ${wanted.stream}: ${why}; trying again`)
        await delay(restartPauseMs, undefined, { signal: stopping.signal }).catch(() => {})
      })
    }
  }
  const running = run()
  return {
    async stop() {
      stopping.abort()
      messages?.stop()
      await running
      await Promise.all(underWay)
    },
  }
}

/** Never rejects. The server is told that work goes on while it does. */
async function handle(
  site: MessageSite,
  message: JsMsg,
  of: { readonly wanted: WantedConsumer; readonly ackWaitMs: number },
): Promise<void> {
  const { stream, consumer } = of.wanted
  const working = setInterval(() => message.working(), timerMs(Math.max(100, of.ackWaitMs / 2)))
  try {
    const isHandled = await enterMessage(site, {
      // The message's own reply subject is where it is acknowledged.
      message: { subject: message.subject, body: message.data, replyTo: undefined },
      sent: contextFromHeaders(message.headers),
      origin: { subscription: stream, group: consumer },
    })
    if (isHandled) message.ack()
    else message.nak(Math.min(firstPauseMs * 2 ** (message.info.deliveryCount - 1), longestPauseMs))
  } finally {
    clearInterval(working)
  }
}

async function find(connection: NatsConnection, { stream, consumer }: WantedConsumer): Promise<Consumer> {
  try {
    return await jetstream(connection).consumers.get(stream, consumer)
  } catch (cause) {
    const isMissing =
      cause instanceof JetStreamApiError &&
      (cause.code === JetStreamApiCodes.StreamNotFound || cause.code === JetStreamApiCodes.ConsumerNotFound)
    if (!isMissing) throw cause
    throw new WeftError(
      'not_found',
      `link config \`consumers\`: JetStream has no consumer ${consumer} of stream ${stream}: make it first`,
      { cause },
    )
  }
}
