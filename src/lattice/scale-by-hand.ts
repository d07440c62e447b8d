import type { NatsConnection } from 'nats'
import type { Log } from '../log.ts'
import { requestLeader, serveLeader } from './leader-requests.ts'
import { count, orNull, parseJson, record, text } from './shape.ts'
import { scaleSubject } from './subjects.ts'

/** A number of instances over all hosts, by hand; null gives the component back to its manifest. */
export interface HandScale {
  readonly component: string
  readonly instances: number | null
}

/** What the controller will keep, and for whom. */
export interface HandScaled {
  readonly application: string
  readonly version: string
  /** Instances over all hosts from now on. */
  readonly instances: number
}

const requestShape = record({ component: text, instances: orNull(count) })
const answerShape = record({ application: text, version: text, instances: count })
const timeoutMs = 3_000

/** Answers requests to scale components of applications; `undefined` leaves them to the controller that leads. */
export function serveHandScales(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly log: Log
  readonly answer: (scale: HandScale) => Promise<HandScaled | undefined>
}): { stop(): void } {
  const { connection, lattice, log, answer } = options
  return serveLeader({
    connection,
    subject: scaleSubject(lattice),
    log,
    answer: (body) => answer(parseJson(body, requestShape)),
  })
}

/** Asks the controller to keep another number. `not_found`: there is no controller, or it knows no such component. */
export function requestHandScale(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly scale: HandScale
}): Promise<HandScaled> {
  const { connection, lattice, scale } = options
  return requestLeader({
    connection,
    subject: scaleSubject(lattice),
    request: scale,
    shape: answerShape,
    timeoutMs,
  })
}
