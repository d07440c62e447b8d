import type { Msg, NatsConnection, Subscription } from 'nats'
import type { Call } from '../../src/call/call.ts'
import { childOf } from '../../src/call/child.ts'
import { CallCourse } from '../../src/call/course.ts'
import { messagingHandler } from '../../src/capability/messaging-wit.ts'
import { WeftError } from '../../src/errors.ts'
import { subscribeGuarded } from '../../src/lattice/connect.ts'
import type { ProviderContext, ProviderLink } from '../../src/provider.ts'
import { Delivery } from './delivery.ts'
import { contextFromHeaders } from './message-headers.ts'
import { brokerMessageFrom } from './publisher.ts'
import type { SubscribeOptions, WantedSubscription } from './subscribe-options.ts'

/** The source of the call that a message becomes. */
const messageSource = 'nats'

export interface SubscribeParts {
  readonly context: ProviderContext
  readonly link: ProviderLink
  readonly options: SubscribeOptions
  readonly connection: NatsConnection
}

/** Subscribes for a link; what comes goes to the component at its other end. `stop` takes no more and ends what came. */
export async function subscribe(parts: SubscribeParts): Promise<{ stop(): Promise<void> }> {
  const { context, link, options, connection } = parts
  const inOrder = options.maxInFlight === 1
  const open: { readonly subscription: Subscription; readonly delivery: Delivery }[] = []
  for (const wanted of inOrder && !context.isLeader ? [] : options.subscriptions) {
    const deliver = (message: Msg, reject?: WeftError) => handle(parts, wanted, { message, reject })
    const delivery = new Delivery({
      maxInFlight: options.maxInFlight,
      handle: deliver,
      refuse: (message) => {
        const why = `too many messages of ${wanted.subject} wait for ${link.target}: this one is dropped`
        void deliver(message, new WeftError('exhausted', why))
      },
    })
    const subscription = subscribeGuarded(connection, wanted.subject, {
      // The threads of a host share what an instance of the provider gets.
      queue: wanted.queue ?? `weft.${context.hostId}.${context.id}.${link.name}`,
      log: context.log,
      onMessage: (message) => delivery.take(message),
    })
    open.push({ subscription, delivery })
  }
  await connection.flush()
  return {
    async stop() {
      await Promise.all(
        open.map(async ({ subscription, delivery }) => {
          await subscription.drain().catch(() => {})
          await delivery.idle
        }),
      )
    },
  }
}

/** Brings a message into the host; whatever comes of it ends here. */
async function handle(
  { context, link, options }: SubscribeParts,
  wanted: WantedSubscription,
  given: { readonly message: Msg; readonly reject: WeftError | undefined },
): Promise<void> {
  const call = callFrom(context, { wanted, options, message: given.message })
  await context
    .enter(call, async (entered) => {
      const { trace } = entered.context
      const log = context.log.with({ traceId: trace?.traceId, spanId: trace?.spanId })
      const failed = (why: string) => log.warn(`message on ${given.message.subject}: ${why}`)
      try {
        if (given.reject) throw given.reject
        const { operation, args } = call
        const child = { target: link.target, operation, args, linkName: link.name }
        const result = await context.invoke(childOf(entered, child))
        const { tag, val } = result as { readonly tag: 'ok' | 'err'; readonly val?: unknown }
        if (tag === 'err') failed(`${link.target} refused it: ${String(val)}`)
        return result
      } catch (error) {
        failed(WeftError.from(error).message)
        throw error
      }
    })
    .catch(() => {})
}

function callFrom(
  context: ProviderContext,
  from: {
    readonly wanted: WantedSubscription
    readonly options: SubscribeOptions
    readonly message: Msg
  },
): Call {
  const handler = messagingHandler()
  const sent = contextFromHeaders(from.message.headers)
  const { subject: subscription, queue: group } = from.wanted
  return {
    source: messageSource,
    target: context.id,
    operation: { interface: handler.id, function: handler.functions[0] },
    args: [brokerMessageFrom(from.message)],
    context: { ...sent, deadline: Date.now() + from.options.timeoutMs, linkName: 'default' },
    signal: new AbortController().signal,
    course: new CallCourse(),
    message: { system: 'nats', subscription, group, sentUnder: sent.trace },
  }
}
