import type { Call, MessageOrigin } from '../call/call.ts'
import { field, stringField } from './field.ts'
import { attributeNames as names } from './names.ts'
import type { SpanAttributes, SpanLink } from './span.ts'
import type { SpanFields } from './span-draft.ts'

const maxTextLength = 512
/** Answers come to subjects of this beginning, made for one request each. */
const inboxPrefix = '_INBOX.'

/** Where the message of a call to `wasmcloud:messaging` goes or came, and how big it is. Its body is never recorded. */
export function messageAttributes(call: Call): SpanAttributes {
  // `publish(message)` and `handle-message(message)` take a record, `request(subject, body, timeout)` does not.
  const [first, second] = call.args
  const subject = typeof first === 'string' ? first : stringField(first, 'subject')
  const body = typeof first === 'string' ? second : field(first, 'body')
  return {
    ...(subject === undefined ? {} : destinationAttributes(subject)),
    ...(body instanceof Uint8Array ? { [names.messagingBodySize]: body.byteLength } : {}),
  }
}

/** `messaging.destination.*` of a subject. */
export function destinationAttributes(subject: string): SpanAttributes {
  return {
    [names.messagingDestination]: subject.slice(0, maxTextLength),
    ...(subject.startsWith(inboxPrefix) ? { [names.messagingTemporary]: true } : {}),
  }
}

/** What the subscription adds to the span of a message that came in: its name, its group, a link to who sent it. */
export function messageFields(call: Call, message: MessageOrigin): SpanFields {
  const hasWildcard = /[*>]/.test(message.subscription)
  return {
    attributes: {
      ...messageAttributes(call),
      ...(hasWildcard ? { [names.messagingTemplate]: message.subscription } : {}),
      ...(message.group === undefined ? {} : { [names.messagingGroup]: message.group }),
    },
    links: linksTo(message.sentUnder),
  }
}

/** `process orders.*`: the subscription is known to be one of few, the subject is not. */
export function messageSpanName({ subscription }: MessageOrigin): string {
  return `${processOperation} ${subscription.slice(0, maxTextLength)}`
}

/** The operation of a span under which a message is handled. */
export const processOperation = 'process'

/** A link to the span that a message, or its answer, was sent under. */
export function linksTo(trace: MessageOrigin['sentUnder']): readonly SpanLink[] {
  if (!trace) return []
  const { traceId, spanId, traceState } = trace
  return [{ traceId, spanId, traceState, attributes: {} }]
}
