import type { NatsConnection } from 'nats'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { collectReplies } from './collect-replies.ts'
import { subscribeGuarded } from './connect.ts'
import { count, flag, fraction, listOf, parseJson, record, type Shape, text } from './shape.ts'
import { oneToken, spiedSubject, spySubject } from './subjects.ts'

/** Somebody who wants to see the calls that a component or provider gets, for a while. */
export interface Spy {
  /** Made up by who asks; what is seen is published under it. */
  readonly id: string
  readonly target: string
  /** Whether the arguments are wanted, too. */
  readonly args: boolean
  /** The share of calls that is wanted: above 0, up to 1. */
  readonly sample: number
  /** For how long from now on; who wants more asks again. */
  readonly forMs: number
}

/** One call as it was seen when it was over. */
export interface SpiedCall {
  /** When it began: milliseconds since the epoch. */
  readonly time: number
  readonly source: string
  /** `ns:pkg/iface@version.function`. */
  readonly operation: string
  readonly ms: number
  /** `ok`, `err` (a WIT result came back as an error), or the code of what failed. */
  readonly outcome: string
  /** What failed, for people; '' when nothing did. */
  readonly error: string
  /** '' when the call belongs to no trace. */
  readonly traceId: string
  /** JSON, with what is long cut short; '' when it was not wanted. */
  readonly args: string
}

/** What one thread of a host has seen since it last told. */
export interface Spied {
  readonly host: string
  readonly calls: readonly SpiedCall[]
  /** Calls that were left out: there were more than may be told in a second. */
  readonly missed: number
}

/** What a host says to a request: whether the target runs there. */
export interface SpyAnswer {
  readonly host: string
  readonly runs: boolean
}

/** A spy that is not renewed is forgotten after this at the latest. */
const longestMs = 60_000
const quietMs = 150
const timeoutMs = 2_000

const share: Shape<number> = (value, path) => {
  const sample = fraction(value, path)
  if (sample > 0) return sample
  throw new WeftError('invalid', `${path}: expected more than 0`)
}
const id: Shape<string> = (value, path) => oneToken(path, text(value, path))
const spyShape: Shape<Spy> = (value, path) => {
  const spy = record({ id, target: id, args: flag, sample: share, forMs: count })(value, path)
  return { ...spy, forMs: Math.min(spy.forMs, longestMs) }
}
const duration: Shape<number> = (value, path) => {
  if (typeof value === 'number' && value >= 0) return value
  throw new WeftError('invalid', `${path}: expected a number from 0`)
}
const callShape: Shape<SpiedCall> = record({
  time: duration,
  source: text,
  operation: text,
  ms: duration,
  outcome: text,
  error: text,
  traceId: text,
  args: text,
})
const spiedShape: Shape<Spied> = record({ host: text, calls: listOf(callShape), missed: count })
const answerShape: Shape<SpyAnswer> = record({ host: text, runs: flag })

/** A host's side: `onSpy` is told of each request, `runs` whether a target is here. */
export function serveSpies(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  /** What people call the host. */
  readonly host: string
  readonly log: Log
  readonly runs: (target: string) => boolean
  readonly onSpy: (spy: Spy) => void
}): { stop(): void } {
  const { connection, lattice, host, log, runs, onSpy } = options
  const subscription = subscribeGuarded(connection, spySubject(lattice), {
    log,
    onMessage(message) {
      const spy = parseJson(message.data, spyShape)
      onSpy(spy)
      if (message.reply) message.respond(JSON.stringify({ host, runs: runs(spy.target) } satisfies SpyAnswer))
    },
  })
  return { stop: () => subscription.unsubscribe() }
}

/** Publishes what a thread has seen for a spy. */
export function publishSpied(
  { connection, lattice }: { readonly connection: NatsConnection; readonly lattice: string },
  spyId: string,
  spied: Spied,
): void {
  if (!connection.isClosed()) connection.publish(spiedSubject(lattice, spyId), JSON.stringify(spied))
}

/** Asks all hosts to tell of the calls that a target gets; asking again prolongs it. Gives what the hosts said. */
export async function requestSpy(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly spy: Spy
}): Promise<readonly SpyAnswer[]> {
  const { connection, lattice, spy } = options
  const replies = await collectReplies({
    connection,
    subject: spySubject(lattice),
    payload: JSON.stringify(spy),
    timeoutMs,
    quietMs,
  })
  return replies.map((bytes) => parseJson(bytes, answerShape))
}

/** Hears what is seen for a spy. */
export function subscribeSpied(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly spyId: string
  readonly log: Log
  readonly onSpied: (spied: Spied) => void
}): { stop(): void } {
  const { connection, lattice, spyId, log, onSpied } = options
  const subscription = subscribeGuarded(connection, spiedSubject(lattice, spyId), {
    log,
    onMessage: (message) => onSpied(parseJson(message.data, spiedShape)),
  })
  return { stop: () => subscription.unsubscribe() }
}
