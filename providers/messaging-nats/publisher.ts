import { errors, type Msg, type NatsConnection } from 'nats'
import type { Call } from '../../src/call/call.ts'
import { BegunSpan, type TraceContext, TraceId } from '../../src/call/trace-context.ts'
import type { BrokerMessage, MessagePublisher } from '../../src/capability/messaging-serve.ts'
import { preciseNow } from '../../src/clock.ts'
import { WeftError } from '../../src/errors.ts'
import { timerMs } from '../../src/timer-ms.ts'
import { contextFromHeaders, headersFromContext } from './message-headers.ts'
import { checkPublishSubject } from './subject.ts'

export interface NatsPublisherOptions {
  readonly connection: NatsConnection
  /** True on the lattice's own NATS, whose subjects are closed to guests. */
  readonly guards: boolean
}

/** Publishes and requests on one NATS. Each message is sent under a span of its own, which goes on in its headers. */
export function natsPublisher({ connection, guards }: NatsPublisherOptions): MessagePublisher {
  const server = serverOf(connection)
  return {
    async publish(message, call) {
      checkPublishSubject(message.subject, { guards })
      if (message.replyTo !== undefined) checkPublishSubject(message.replyTo, { guards })
      await sent({ operation: 'publish', message, call, server }, async (trace) => {
        const made = headersFromContext({ trace, baggage: call.context.baggage })
        connection.publish(message.subject, message.body, {
          ...(message.replyTo !== undefined && { reply: message.replyTo }),
          ...(made && { headers: made }),
        })
        return { trace: undefined }
      })
    },
    async request(message, { call, timeoutMs }) {
      checkPublishSubject(message.subject, { guards })
      let answer: Msg | undefined
      await sent({ operation: 'request', message, call, server }, async (trace) => {
        const made = headersFromContext({ trace, baggage: call.context.baggage })
        answer = await ask(connection, message, { headers: made, timeout: waitFor(call, timeoutMs) })
        return contextFromHeaders(answer.headers)
      })
      return brokerMessageFrom(answer)
    },
  }
}

/** The message as components see it. */
export function brokerMessageFrom(message: Msg | undefined): BrokerMessage {
  return {
    subject: message?.subject ?? '',
    body: message?.data ?? new Uint8Array(),
    replyTo: message?.reply === '' ? undefined : message?.reply,
  }
}

interface Sending {
  readonly operation: 'publish' | 'request'
  readonly message: BrokerMessage
  readonly call: Call
  readonly server: ReturnType<typeof serverOf>
}

/** Sends under a new span; `send` is given its context and gives back the context that an answer came with. */
async function sent(
  { operation, message, call, server }: Sending,
  send: (trace: TraceContext | undefined) => Promise<{ readonly trace: TraceContext | undefined }>,
): Promise<void> {
  const parent = call.context.trace
  const trace = parent?.sampled ? new BegunSpan(TraceId.from(parent.traceId), parent) : parent
  const start = preciseNow()
  const record = (end: { readonly failure?: string; readonly answeredUnder?: TraceContext | undefined }) =>
    call.course.record({
      name: 'backend',
      kind: 'messaging',
      system: 'nats',
      operation,
      spanId: trace?.spanId,
      destination: message.subject,
      bodySize: message.body.byteLength,
      ...server,
      ...end,
      start,
      end: preciseNow(),
    })
  try {
    const answer = await send(trace)
    record({ answeredUnder: answer.trace })
  } catch (thrown) {
    const error = explain(thrown, message.subject)
    record({ failure: error.message })
    throw error
  }
}

/** The guest's wait, but not beyond its own deadline. */
function waitFor(call: Call, timeoutMs: number): number {
  return Math.max(1, timerMs(Math.min(timeoutMs, call.context.deadline - preciseNow())))
}

async function ask(
  connection: NatsConnection,
  message: BrokerMessage,
  options: { readonly headers: ReturnType<typeof headersFromContext>; readonly timeout: number },
): Promise<Msg> {
  const { headers, timeout } = options
  return connection.request(message.subject, message.body, { timeout, ...(headers && { headers }) })
}

function explain(thrown: unknown, subject: string): WeftError {
  if (thrown instanceof errors.NoRespondersError || isNoResponders(thrown))
    return new WeftError('unavailable', `nobody answers on ${subject}`, { cause: thrown })
  if (thrown instanceof errors.TimeoutError)
    return new WeftError('deadline', `no answer on ${subject} in time`, { cause: thrown })
  return WeftError.from(thrown)
}

function isNoResponders(thrown: unknown): boolean {
  return thrown instanceof errors.RequestError && thrown.isNoResponders()
}

function serverOf(connection: NatsConnection): { server?: { address: string; port: number } } {
  const match = /^\[?(.+?)\]?:(\d+)$/.exec(connection.getServer())
  return match ? { server: { address: match[1] ?? '', port: Number(match[2]) } } : {}
}
