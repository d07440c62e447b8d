import { createInbox, type NatsConnection } from 'nats'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { subscribeGuarded } from './connect.ts'
import { pagesOf } from './pages.ts'
import { anything, count, flag, listOf, or, parseJson, record, type Shape, text } from './shape.ts'
import { tracesSubject } from './subjects.ts'

/** What is asked of who keeps the traces: a list of the latest, or the spans of the trace whose id begins with `id`. */
export interface TraceRequest {
  readonly id?: string
  readonly component?: string
  readonly errors?: boolean
  readonly minDurationMs?: number
  readonly limit?: number
}

/** What a keeper answers with, as plain data. */
export interface TraceKeeper {
  list(request: TraceRequest): readonly unknown[]
  /** The traces whose id begins with `id`, each with its spans. */
  find(id: string): readonly { readonly id: string; readonly spans: readonly unknown[] }[]
}

/** `ids` are the traces that an id prefix fits; with one of them, `items` are its spans. */
export interface TraceAnswer {
  readonly items: readonly unknown[]
  readonly ids: readonly string[]
}

/** So long may an answer, and then each further page, take. */
const silenceMs = 3_000

const milliseconds: Shape<number> = (value, path) => {
  if (typeof value === 'number' && value >= 0) return value
  throw new WeftError('invalid', `${path}: expected milliseconds from 0 on`)
}
const requestShape = record(
  {},
  { id: text, component: text, errors: flag, minDurationMs: milliseconds, limit: count },
)
const pageShape = record(
  { items: or(listOf(anything), []), ids: or(listOf(text), []), more: or(flag, false) },
  { error: text },
)

/** Answers trace requests of a lattice from `keeper`; an answer is as many messages as it needs. */
export function serveTraces(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly log: Log
  readonly keeper: TraceKeeper
}): { stop(): void } {
  const { connection, lattice, log, keeper } = options
  const subject = tracesSubject(lattice)
  const subscription = subscribeGuarded(connection, subject, {
    queue: subject,
    log,
    onMessage(message) {
      for (const page of answerPages(keeper, message.data, connection.info?.max_payload))
        message.respond(page)
    },
  })
  return { stop: () => subscription.unsubscribe() }
}

function answerPages(
  keeper: TraceKeeper,
  question: Uint8Array,
  maxPayload: number | undefined,
): readonly string[] {
  try {
    const { items, ids } = answerOf(keeper, parseJson(question, requestShape))
    return pagesOf({ items, head: { ids }, maxPayload })
  } catch (error) {
    return [JSON.stringify({ error: WeftError.from(error).message })]
  }
}

function answerOf(keeper: TraceKeeper, request: TraceRequest): TraceAnswer {
  if (request.id === undefined) return { items: keeper.list(request), ids: [] }
  const found = keeper.find(request.id)
  return { items: found.length === 1 ? (found[0]?.spans ?? []) : [], ids: found.map(({ id }) => id) }
}

/** Asks the lattice's trace keeper. Nobody there is `unavailable`, one that falls silent `deadline`. */
export async function requestTraces(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly request: TraceRequest
}): Promise<TraceAnswer> {
  const { connection, lattice, request } = options
  const items: unknown[] = []
  const ids: string[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const silence = setTimeout(() => {
    const problem = `the keeper of the traces of lattice ${lattice} said nothing for ${silenceMs} ms`
    reject(new WeftError('deadline', problem))
  }, silenceMs)
  const take = (data: Uint8Array) => {
    const page = parseJson(data, pageShape)
    if (page.error !== undefined) throw new WeftError('invalid', page.error)
    for (const item of page.items) items.push(item)
    ids.push(...page.ids)
    if (page.more) silence.refresh()
    else resolve()
  }
  const inbox = createInbox()
  const subscription = connection.subscribe(inbox, {
    callback: (error, message) => {
      try {
        if (error) throw error
        // The empty message is the server's: nobody has subscribed.
        if (message.data.length === 0) throw nobodyKeeps(lattice)
        take(message.data)
      } catch (thrown) {
        reject(WeftError.from(thrown))
      }
    },
  })
  try {
    connection.publish(tracesSubject(lattice), JSON.stringify(request), { reply: inbox })
    await promise
  } finally {
    clearTimeout(silence)
    subscription.unsubscribe()
  }
  return { items, ids }
}

function nobodyKeeps(lattice: string): WeftError {
  const hint =
    'the `weft up` that starts a lattice keeps its latest traces; with OTEL_EXPORTER_OTLP_ENDPOINT they are at your collector'
  return new WeftError('unavailable', `nobody keeps the traces of lattice ${lattice}: ${hint}`)
}
