import type { NatsConnection } from 'nats'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { type KeptAnswer, requestKept, serveKept } from './kept-requests.ts'
import { count, flag, parseJson, record, type Shape, text } from './shape.ts'
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

const milliseconds: Shape<number> = (value, path) => {
  if (typeof value === 'number' && value >= 0) return value
  throw new WeftError('invalid', `${path}: expected milliseconds from 0 on`)
}
const requestShape = record(
  {},
  { id: text, component: text, errors: flag, minDurationMs: milliseconds, limit: count },
)

/** Answers trace requests of a lattice from `keeper`. */
export function serveTraces(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly log: Log
  readonly keeper: TraceKeeper
}): { stop(): void } {
  const { connection, lattice, log, keeper } = options
  return serveKept({
    connection,
    subject: tracesSubject(lattice),
    log,
    answer: (question) => answerOf(keeper, parseJson(question, requestShape)),
  })
}

/** When `ids` is one trace, `items` are its spans. */
function answerOf(keeper: TraceKeeper, request: TraceRequest): KeptAnswer {
  if (request.id === undefined) return { items: keeper.list(request), ids: [] }
  const found = keeper.find(request.id)
  return { items: found.length === 1 ? (found[0]?.spans ?? []) : [], ids: found.map(({ id }) => id) }
}

/** Asks the lattice's trace keeper. Nobody there is `unavailable`, one that falls silent `deadline`. */
export async function requestTraces(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly request: TraceRequest
}): Promise<KeptAnswer> {
  const { connection, lattice, request } = options
  const hint =
    'the `weft up` that starts a lattice keeps its latest traces; with OTEL_EXPORTER_OTLP_ENDPOINT they are at your collector'
  return requestKept({
    connection,
    subject: tracesSubject(lattice),
    request,
    what: `the traces of lattice ${lattice}`,
    nobody: `nobody keeps the traces of lattice ${lattice}: ${hint}`,
  })
}
