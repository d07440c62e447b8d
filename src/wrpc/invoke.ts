import { setTimeout as delay } from 'node:timers/promises'
import type { NatsConnection } from 'nats'
import type { Call, Invoke } from '../call/call.ts'
import { operationName } from '../call/call.ts'
import { preciseNow } from '../clock.ts'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { type Accepted, Attempt, type AttemptOptions, Refused } from './attempt.ts'
import { CallEnd } from './call-end.ts'
import { tellPeer } from './flow.ts'
import { encodeParams, functionCodec, inContext } from './function-codec.ts'
import type { WrpcInbox } from './inbox.ts'
import { KnownTargets } from './known-targets.ts'
import { foreignServer, type LostHosts } from './lost-hosts.ts'
import { NobodyServes, NobodyYet, type WhenNobody } from './nobody-yet.ts'
import { Outflow } from './outflow.ts'
import { readValue, untilDoubled } from './read-value.ts'
import { sendDeferred } from './send-deferred.ts'
import { raceDelayMs } from './serve-call.ts'
import { tails } from './subjects.ts'

/** A server that reads a call later than this after it was sent drops it. */
const acceptWithinMs = 1000
/** While a lost host may still get every second call, asking again soon finds another: the first waits, then as above. */
const hauntedWaits = [100, 100, 100, 150, 150, 200, 300, 400]
/** An accept that was sent in time may still be on its way. */
const acceptGraceMs = 100
/** A call that was refused, or not accepted by who knows whom, is sent once more. */
const maxAttempts = 2
/** A Weft target has other hosts, or will have when it was healed: within the deadline, so many tries find one. */
const maxWeftAttempts = 60

export interface InvokeOverOptions {
  readonly connection: NatsConnection
  /** The inbox of the same connection. */
  readonly inbox: WrpcInbox
  readonly lattice: string
  readonly log: Log
  /** Tells when a Weft host is gone; without it, calls to such a host wait for their deadline. */
  readonly lostHosts?: LostHosts
  /** Without it, a call to what nobody serves fails at once. */
  readonly whenNobody?: WhenNobody
}

/**
 * Makes calls over NATS. Streams of the result go on after the call has returned; `call.course` holds them. They, too,
 * end at the call's deadline or when its signal aborts.
 */
export function invokeOver(options: InvokeOverOptions): Invoke {
  const known = new KnownTargets()
  return async (call) => {
    if (call.context.deadline <= preciseNow()) throw tooLate(call)
    const params = encodeParams(call.operation, call.args)
    const { deadline } = call.context
    const end = new CallEnd({ deadline, late: () => tooLate(call), signal: call.signal })
    try {
      const attempting = { ...options, call, params, end }
      const { attempt, accepted } = await attemptUntilAccepted(attempting, known)
      known.took(call.target, call.operation, accepted)
      return await converse(attempting, attempt, accepted)
    } catch (thrown) {
      end.finish()
      throw thrown
    }
  }
}

/**
 * Sends the call until a server takes it. A Weft server drops a call that it reads too late, so that it can be sent
 * again: a host that hangs keeps its share of the calls until NATS gives it up. One that is known not to be Weft gets the
 * call once, or it would run it twice.
 */
async function attemptUntilAccepted(
  options: AttemptOptions & InvokeOverOptions,
  known: KnownTargets,
): Promise<{ readonly attempt: Attempt; readonly accepted: Accepted }> {
  const { call, end, log, lostHosts } = options
  const isWeft = known.isWeft(call.target)
  const waits = isWeft === true && lostHosts?.haunts ? hauntedWaits : []
  const most = isWeft === true ? maxWeftAttempts : maxAttempts
  const hasServed = known.hasServed(call.target, call.operation)
  const nobody = new NobodyYet({ ...options, hasServed })
  const begun = performance.now()
  for (let number = 1; ; number++) {
    const attempt = new Attempt(options)
    try {
      const accepted =
        isWeft === false
          ? await acceptedAtAll(attempt, options)
          : await tryOnce(attempt, end, waits[number - 1] ?? acceptWithinMs)
      if (accepted !== undefined) return { attempt, accepted }
      if (number >= most) throw nobodyAccepts(call, performance.now() - begun)
      log.debug('nobody accepted a call in time; sending it again', {
        operation: operationName(call.operation),
        target: call.target,
      })
      attempt.abandon()
    } catch (thrown) {
      attempt.abandon()
      if (thrown instanceof NobodyServes) {
        await nobody.wait(thrown)
        number -= 1
      } else if (!(thrown instanceof Refused) || number >= maxAttempts) throw thrown
    }
  }
}

async function tryOnce(attempt: Attempt, end: CallEnd, withinMs: number): Promise<Accepted | undefined> {
  if (end.error) throw end.error
  end.whenFailed((error) => attempt.fail(error))
  const acceptBy = Date.now() + withinMs
  attempt.start(acceptBy)
  return await attempt.accepted(acceptBy + acceptGraceMs)
}

/** Who does not know of accept-by may take its time; only its end is an answer too. */
async function acceptedAtAll(
  attempt: Attempt,
  { call, end, lostHosts }: AttemptOptions & Pick<InvokeOverOptions, 'lostHosts'>,
): Promise<Accepted | undefined> {
  if (end.error) throw end.error
  end.whenFailed((error) => attempt.fail(error))
  const unwatch = lostHosts?.watch(foreignServer(call.target), () => end.fail(serverLost(call)))
  try {
    attempt.start(Date.now() + acceptWithinMs)
    return await attempt.accepted(Number.POSITIVE_INFINITY)
  } finally {
    unwatch?.()
  }
}

/** From the accept on: the rest of the params goes out, the results come in. */
async function converse(
  options: AttemptOptions & Pick<InvokeOverOptions, 'lostHosts'>,
  attempt: Attempt,
  accepted: Accepted,
): Promise<unknown> {
  const { call, connection, end, params } = options
  const outflow = new Outflow({
    connection,
    subject: `${accepted.subject}.${tails.params}`,
    end,
    toWeft: accepted.byWeft,
  })
  attempt.whenStopped(() => outflow.stop())
  attempt.whenRead((path, data) => outflow.flow.told(path, data))
  if (accepted.byWeft && accepted.subject !== '')
    attempt.results.tellRead = tellPeer(connection, accepted.subject)
  if (accepted.byWeft) end.whenFailed(() => cancel(connection, accepted))
  const server = accepted.byWeft ? accepted.host : foreignServer(call.target)
  const unwatch = options.lostHosts?.watch(server, () => end.fail(serverLost(call)))
  const finish = () => {
    unwatch?.()
    end.finish()
    attempt.close()
  }
  const sent = sendParams(outflow, accepted, params.bytes()).then(() =>
    sendDeferred(outflow, params.deferred),
  )
  sent.catch((thrown) => end.fail(WeftError.from(thrown)))
  try {
    const value = await readResult(call, attempt)
    if (params.deferred.length === 0 && attempt.results.open === 0) {
      finish()
    } else {
      const rest = Promise.all([sent, attempt.results.idle])
        .then(() => {
          if (end.error) throw end.error
        })
        .finally(finish)
      // Not everybody asks what was held.
      rest.catch(() => {})
      call.course.hold(rest)
    }
    return value
  } catch (thrown) {
    // Whatever failed here, the server need not go on.
    end.fail(WeftError.from(thrown))
    finish()
    throw thrown
  }
}

function serverLost(call: Call): WeftError {
  const operation = operationName(call.operation)
  return new WeftError('unavailable', `the process that ran ${operation} of ${call.target} is gone`)
}

function cancel(connection: NatsConnection, accepted: Accepted): void {
  if (accepted.subject === '') return
  try {
    connection.publish(`${accepted.subject}.${tails.cancel}`)
  } catch {
    // The connection is closed: the server learns of it by its deadline.
  }
}

/** What is left of the params after the first message, and always their end: Rust servers wait for it. */
async function sendParams(outflow: Outflow, accepted: Accepted, bytes: Uint8Array): Promise<void> {
  if (!accepted.wantsParams) return
  if (!accepted.byWeft) await delay(raceDelayMs)
  try {
    await outflow.send('', bytes.subarray(accepted.sent))
  } finally {
    outflow.close('')
  }
}

async function readResult(call: Call, attempt: Attempt): Promise<unknown> {
  const { results: channels } = attempt
  const { root: channel } = channels
  if (call.operation.function.result === undefined) {
    await channel.atLeast(Number.POSITIVE_INFINITY)
    if (channel.error) throw channel.error
    return undefined
  }
  const codec = functionCodec(call.operation.function).results
  try {
    const values = await readValue({ channel, channels, codec, path: [], patience: untilDoubled })
    return Array.isArray(values) ? values[0] : undefined
  } catch (thrown) {
    if (thrown === channel.error) throw thrown
    throw inContext(`the answer of ${call.target} (${operationName(call.operation)})`, asUnavailable(thrown))
  }
}

/** An answer that can't be read is no answer. */
function asUnavailable(thrown: unknown): WeftError {
  const error = WeftError.from(thrown)
  return error.code === 'invalid' ? new WeftError('unavailable', error.message, { cause: thrown }) : error
}

function tooLate(call: Call): WeftError {
  return new WeftError(
    'deadline',
    `${call.target} did not answer before the deadline (${operationName(call.operation)})`,
  )
}

function nobodyAccepts(call: Call, waitedMs: number): WeftError {
  const operation = operationName(call.operation)
  return new WeftError(
    'unavailable',
    `${call.target} did not accept the call within ${Math.round(waitedMs)} ms (${operation})`,
  )
}
