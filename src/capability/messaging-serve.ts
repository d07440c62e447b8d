import { type Call, type Invoke, operationName } from '../call/call.ts'
import { WeftError } from '../errors.ts'

/** A message of `wasmcloud:messaging`, as guests and the wire have it. */
export interface BrokerMessage {
  readonly subject: string
  readonly body: Uint8Array
  readonly replyTo: string | undefined
}

/** What a messaging backend implements; `call` is the call that asks, for its trace and deadline. */
export interface MessagePublisher {
  publish(message: BrokerMessage, call: Call): Promise<void>
  /** Sends and waits at most `timeoutMs` for one answer. */
  request(
    message: BrokerMessage,
    options: { readonly call: Call; readonly timeoutMs: number },
  ): Promise<BrokerMessage>
}

/**
 * Answers `wasmcloud:messaging/consumer` from a backend that `publisherFor` picks by the caller's link. What fails is the
 * WIT `err` with its message.
 */
export function serveConsumer(publisherFor: (call: Call) => MessagePublisher): Invoke {
  return async (call) => {
    try {
      return { tag: 'ok', val: await answer(publisherFor(call), call) }
    } catch (error) {
      return { tag: 'err', val: WeftError.from(error).message }
    }
  }
}

// Arguments come as the WIT types say: the wire, or the glue of the caller, has checked them.
function answer(publisher: MessagePublisher, call: Call): Promise<unknown> {
  const [first, second, third] = call.args
  switch (call.operation.function.name) {
    case 'publish':
      return publisher.publish(first as BrokerMessage, call)
    case 'request': {
      const message = { subject: first as string, body: second as Uint8Array, replyTo: undefined }
      return publisher.request(message, { call, timeoutMs: third as number })
    }
  }
  throw new WeftError('not_found', `messaging has no operation ${operationName(call.operation)}`)
}
