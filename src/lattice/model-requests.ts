import { randomUUID } from 'node:crypto'
import { headers, type NatsConnection } from 'nats'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { TraceHeaders } from '../trace-work.ts'
import { subscribeGuarded } from './connect.ts'
import { anything, parseJson } from './shape.ts'
import {
  anyModelSubject,
  type ModelOperation,
  modelEventSubject,
  modelOperations,
  modelQueue,
  modelStatusSubject,
  modelSubject,
} from './subjects.ts'
import { traceFrom, withTrace } from './trace-headers.ts'

/** One request to wadm's API, as it came. */
export interface ModelRequest {
  readonly operation: ModelOperation
  /** The application; '' for `put`, `list` and a `get` of all. */
  readonly name: string
  readonly body: string
  /** The trace that the request belongs to. */
  readonly trace?: TraceHeaders | undefined
}

/** Serves wadm's API for a lattice, together with all others that do: each request goes to one of them. */
export async function serveModelRequests(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly log: Log
  /** Its answer goes out as JSON; what it throws becomes `{"result":"error"}` with the message. */
  readonly answer: (request: ModelRequest) => Promise<unknown>
}): Promise<{ stop(): void }> {
  const { connection, lattice, log, answer } = options
  const prefix = modelSubject(lattice, 'put').slice(0, -'put'.length)
  const subscription = subscribeGuarded(connection, anyModelSubject(lattice), {
    queue: modelQueue,
    log,
    onMessage: async (message) => {
      const [operation = '', name = '', ...more] = message.subject.slice(prefix.length).split('.')
      const known = modelOperations.find((candidate) => candidate === operation)
      const reply =
        known === undefined || more.length > 0
          ? {
              result: 'error',
              message: `unknown operation ${message.subject}, expected one of ${modelOperations.join(', ')}`,
            }
          : await answerOrError(answer, {
              operation: known,
              name,
              body: message.string(),
              trace: traceFrom(message.headers),
            })
      const { subject } = message
      if (isError(reply)) log.debug('a model request was refused', { subject, error: String(reply.message) })
      if (message.reply) message.respond(JSON.stringify(reply))
    },
  })
  await connection.flush()
  return { stop: () => subscription.unsubscribe() }
}

function isError(reply: unknown): reply is { readonly result: 'error'; readonly message: unknown } {
  return typeof reply === 'object' && reply !== null && 'result' in reply && reply.result === 'error'
}

async function answerOrError(
  answer: (request: ModelRequest) => Promise<unknown>,
  request: ModelRequest,
): Promise<unknown> {
  try {
    return await answer(request)
  } catch (error) {
    const { message } = WeftError.from(error)
    return {
      result: 'error',
      message,
      name: request.name,
      total_versions: 0,
      current_version: '',
      undeploy: false,
    }
  }
}

/** Asks wadm's API and gives back its JSON. No controller in the lattice is `unavailable`. */
export async function requestModel(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly request: ModelRequest
  /** Default 5000 ms. */
  readonly timeoutMs?: number
}): Promise<unknown> {
  const { connection, lattice, timeoutMs = 5_000 } = options
  const { operation, name, body } = options.request
  const subject = modelSubject(lattice, operation, name === '' ? undefined : name)
  const header = withTrace(options.request.trace, headers())
  if (operation === 'put')
    header.set('Content-Type', body.trimStart().startsWith('{') ? 'application/json' : 'application/yaml')
  try {
    const message = await connection.request(subject, body, { timeout: timeoutMs, headers: header })
    return parseJson(message.data, anything)
  } catch (cause) {
    if (cause instanceof WeftError) throw cause
    const hint = 'a host started with `weft up` brings a controller'
    throw new WeftError('unavailable', `no controller answers in lattice ${lattice}: ${hint}`, { cause })
  }
}

/** Publishes the status of an application, for who follows it. */
export function publishModelStatus(
  connection: NatsConnection,
  lattice: string,
  name: string,
  status: unknown,
): void {
  if (!connection.isClosed()) connection.publish(modelStatusSubject(lattice, name), JSON.stringify(status))
}

/** wadm's own events: an application was deployed (data is its manifest) or undeployed (data is its name). */
export type ModelEvent =
  | { readonly name: 'manifest_published'; readonly data: unknown }
  | { readonly name: 'manifest_unpublished'; readonly data: { readonly name: string } }

/** Publishes one of wadm's own events. */
export function publishModelEvent(
  connection: NatsConnection,
  lattice: string,
  { name, data }: ModelEvent,
): void {
  if (connection.isClosed()) return
  const envelope = {
    specversion: '1.0',
    id: randomUUID(),
    type: `com.wadm.${name}`,
    source: 'wadm',
    datacontenttype: 'application/json',
    time: new Date().toISOString(),
    data,
  }
  connection.publish(modelEventSubject(lattice, name), JSON.stringify(envelope))
}
