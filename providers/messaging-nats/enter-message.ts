import type { Call, MessageOrigin } from '../../src/call/call.ts'
import { childOf } from '../../src/call/child.ts'
import { CallCourse } from '../../src/call/course.ts'
import type { BrokerMessage } from '../../src/capability/messaging-serve.ts'
import { messagingHandler } from '../../src/capability/messaging-wit.ts'
import { preciseNow } from '../../src/clock.ts'
import { WeftError } from '../../src/errors.ts'
import type { ProviderContext, ProviderLink } from '../../src/provider.ts'
import type { MessageContext } from './message-headers.ts'

/** The source of the call that a message becomes. */
const messageSource = 'nats'

/** Where messages of a link go. */
export interface MessageSite {
  readonly context: ProviderContext
  readonly link: ProviderLink
  /** How long the component may take for one message. */
  readonly timeoutMs: number
}

/** A message that came for a component, before the component is called with it. */
export interface EnteringMessage {
  readonly message: BrokerMessage
  /** What the message was sent under. */
  readonly sent: MessageContext
  readonly origin: Pick<MessageOrigin, 'subscription' | 'group'>
  /** Why it goes no further than here, if so. */
  readonly refusal?: WeftError
}

/** Brings a message into the host and to its component; a failure is logged and ends here. True when it was handled. */
export async function enterMessage(site: MessageSite, entering: EnteringMessage): Promise<boolean> {
  const { context, link } = site
  const call = callFrom(site, entering)
  let isHandled = false
  await context
    .enter(call, async (entered) => {
      const { trace } = entered.context
      const log = context.log.with({ traceId: trace?.traceId, spanId: trace?.spanId })
      const failed = (why: string) => log.warn(`message on ${entering.message.subject}: ${why}`)
      try {
        if (entering.refusal) throw entering.refusal
        const { operation, args } = call
        const child = { target: link.target, operation, args, linkName: link.name }
        const result = await context.invoke(childOf(entered, child))
        const { tag, val } = result as { readonly tag: 'ok' | 'err'; readonly val?: unknown }
        if (tag === 'err') failed(`${link.target} refused it: ${String(val)}`)
        isHandled = tag === 'ok'
        return result
      } catch (error) {
        failed(WeftError.from(error).message)
        throw error
      }
    })
    .catch(() => {})
  return isHandled
}

function callFrom(
  { context, link, timeoutMs }: MessageSite,
  { message, sent, origin }: EnteringMessage,
): Call {
  const handler = messagingHandler()
  const begun = preciseNow()
  return {
    source: messageSource,
    target: context.id,
    operation: { interface: handler.id, function: handler.functions[0] },
    args: [message],
    context: { ...sent, deadline: begun + timeoutMs, linkName: 'default' },
    signal: new AbortController().signal,
    course: new CallCourse(begun),
    recipient: link.target,
    message: { system: 'nats', ...origin, sentUnder: sent.trace },
  }
}
