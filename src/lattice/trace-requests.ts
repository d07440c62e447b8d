import type { NatsConnection } from 'nats'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { subscribeGuarded } from './connect.ts'
import { anything, count, flag, listOf, or, parseJson, record, text } from './shape.ts'
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

/** Items of one reply message; a span has a few kB at most. */
const pageItems = 200
const timeoutMs = 3_000

const requestShape = record(
  { offset: or(count, 0) },
  { id: text, component: text, errors: flag, minDurationMs: count, limit: count },
)
const replyShape = record({ items: listOf(anything), ids: listOf(text), more: flag })

/** Answers trace requests of a lattice from `keeper`. */
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
      const { offset, ...request } = parseJson(message.data, requestShape)
      const { items, ids } = answerOf(keeper, request)
      const page = items.slice(offset, offset + pageItems)
      message.respond(JSON.stringify({ items: page, ids, more: offset + page.length < items.length }))
    },
  })
  return { stop: () => subscription.unsubscribe() }
}

function answerOf(
  keeper: TraceKeeper,
  request: TraceRequest,
): { items: readonly unknown[]; ids: readonly string[] } {
  if (request.id === undefined) return { items: keeper.list(request), ids: [] }
  const found = keeper.find(request.id)
  return { items: found[0]?.spans ?? [], ids: found.map(({ id }) => id) }
}

/** Asks the lattice's trace keeper; `ids` are the traces that an id prefix fits. Nobody there is `unavailable`. */
export async function requestTraces(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly request: TraceRequest
}): Promise<{ readonly items: readonly unknown[]; readonly ids: readonly string[] }> {
  const { connection, lattice, request } = options
  const items: unknown[] = []
  for (;;) {
    const body = JSON.stringify({ ...request, offset: items.length })
    const reply = await connection
      .request(tracesSubject(lattice), body, { timeout: timeoutMs })
      .catch((cause: unknown) => {
        const hint =
          'the `weft up` that starts a lattice keeps its latest traces; with OTEL_EXPORTER_OTLP_ENDPOINT they are at your collector'
        throw new WeftError('unavailable', `nobody keeps the traces of lattice ${lattice}: ${hint}`, {
          cause,
        })
      })
    const page = parseJson(reply.data, replyShape)
    items.push(...page.items)
    if (!page.more || page.items.length === 0) return { items, ids: page.ids }
  }
}
