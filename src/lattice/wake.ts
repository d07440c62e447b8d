import type { NatsConnection } from 'nats'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { requestLeader, serveLeader } from './leader-requests.ts'
import { parseJson, record, text } from './shape.ts'
import { wakeSubject } from './subjects.ts'

/**
 * What the controller says of a component or provider that somebody called and nobody serves: it runs (again) somewhere;
 * it is being started; it can't be, for a reason; or it is not to run.
 */
export type WakeAnswer =
  | { readonly state: 'running' | 'starting' | 'stopped' }
  | { readonly state: 'failing'; readonly reason: string }

const requestShape = record({ target: text })
const answerShape = record({ state: text }, { reason: text })

/** The controller holds its answer no longer than this; who asks may ask again. */
export const longestHoldMs = 1_000
const timeoutMs = 2_000

/** Answers who finds nobody to call. `undefined` leaves it to the controller that leads. */
export function serveWakes(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly log: Log
  readonly answer: (target: string) => Promise<WakeAnswer | undefined>
}): { stop(): void } {
  const { connection, lattice, log, answer } = options
  return serveLeader({
    connection,
    subject: wakeSubject(lattice),
    log,
    answer: (body) => answer(parseJson(body, requestShape).target),
  })
}

/** Asks for a component or provider to be started if it sleeps. Without a controller it counts as stopped. */
export async function requestWake(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly target: string
}): Promise<WakeAnswer> {
  const { connection, lattice, target } = options
  const subject = wakeSubject(lattice)
  try {
    const asked = { connection, subject, request: { target }, shape: answerShape, timeoutMs }
    const { state, reason = '' } = await requestLeader(asked)
    if (state === 'failing') return { state, reason }
    return { state: state === 'running' || state === 'starting' ? state : 'stopped' }
  } catch (thrown) {
    // A leader that was just lost says nothing; the next one will.
    return { state: WeftError.from(thrown).code === 'deadline' ? 'starting' : 'stopped' }
  }
}
