import type { NatsConnection } from 'nats'
import { errorCodeFrom, WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { subscribeGuarded } from './connect.ts'
import { anything, parseJson, record, type Shape, text } from './shape.ts'

/** No controller at all answers within this; one that has just died is followed within seconds. */
const noResponders = 503

const errorShape = record({ error: record({ code: text, message: text }) })

/** Answers requests that are for the controller that leads; `undefined` leaves them to another one. */
export function serveLeader(options: {
  readonly connection: NatsConnection
  readonly subject: string
  readonly log: Log
  /** What it throws is told to who asked. */
  readonly answer: (body: Uint8Array) => Promise<object | undefined>
}): { stop(): void } {
  const { connection, subject, log, answer } = options
  const subscription = subscribeGuarded(connection, subject, {
    log,
    onMessage: async (message) => {
      const told = await answer(message.data).catch((thrown: unknown) => {
        const { code, message: why } = WeftError.from(thrown)
        return { error: { code, message: why } }
      })
      if (told && message.reply) message.respond(JSON.stringify(told))
    },
  })
  return { stop: () => subscription.unsubscribe() }
}

/** Asks the controller that leads. No controller at all is `not_found`, one that says nothing in time `deadline`. */
export async function requestLeader<T>(options: {
  readonly connection: NatsConnection
  readonly subject: string
  readonly request: object
  readonly shape: Shape<T>
  readonly timeoutMs: number
}): Promise<T> {
  const { connection, subject, request, shape, timeoutMs } = options
  const reply = await connection
    .request(subject, JSON.stringify(request), { timeout: timeoutMs })
    .catch((cause: unknown) => {
      throw withoutAnswer(cause, timeoutMs)
    })
  if (reply.headers?.code === noResponders) throw withoutAnswer(undefined, timeoutMs)
  const told = parseJson(reply.data, anything)
  if (typeof told === 'object' && told !== null && 'error' in told && typeof told.error === 'object') {
    const { code, message } = errorShape(told, 'reply').error
    throw new WeftError(errorCodeFrom(code), message)
  }
  return shape(told, 'reply')
}

function withoutAnswer(cause: unknown, timeoutMs: number): WeftError {
  const isNobody =
    cause === undefined || (cause instanceof Error && /responders/i.test(`${cause.name} ${cause.message}`))
  return isNobody
    ? new WeftError('not_found', 'no controller runs in this lattice', { cause })
    : new WeftError('deadline', `no controller has answered within ${timeoutMs} ms`, { cause })
}
