import { setTimeout as delay } from 'node:timers/promises'
import type { Msg, NatsConnection } from 'nats'
import type { Call, Invoke, Operation } from '../call/call.ts'
import { operationName } from '../call/call.ts'
import { CallAbort } from '../call/call-abort.ts'
import { CallCourse } from '../call/course.ts'
import { preciseNow } from '../clock.ts'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { Acceptance } from './acceptance.ts'
import { CallEnd } from './call-end.ts'
import { Channels } from './channels.ts'
import { tellPeer } from './flow.ts'
import { encodeResult, functionCodec, inContext } from './function-codec.ts'
import { type CallHeaders, errorFromHeaders, weftMark } from './headers.ts'
import type { WrpcInbox } from './inbox.ts'
import { Outflow } from './outflow.ts'
import { readValue, untilDoubled } from './read-value.ts'
import { sendDeferred } from './send-deferred.ts'
import { operationSubject, splitTail, tails } from './subjects.ts'

/** Rust peers up to wrpc-transport-nats 0.30 lose messages that come before their own subscription is through. */
export const raceDelayMs = 1

/** How long a caller may leave a server waiting for the next of the params that did not fit its first message. */
const paramsIdleMs = 10_000

export interface ServeCallOptions {
  readonly connection: NatsConnection
  readonly inbox: WrpcInbox
  readonly lattice: string
  readonly id: string
  /** Whoever takes calls here (`host.thread`), told to Weft callers; '' tells nothing. */
  readonly acceptor?: string
  readonly accepts?: 'first' | 'late'
  readonly invoke: Invoke
  readonly log: Log
  readonly defaultTimeoutMs: number
  /** How long the rest of a call's params may be silent: milliseconds, default 10000. */
  readonly paramsIdleMs?: number
}

/** Serves one call, from its first message to the end of the last stream. Never rejects. */
export async function serveCall(
  options: ServeCallOptions,
  operation: Operation,
  first: { readonly message: Msg; readonly headers: CallHeaders },
): Promise<void> {
  const { connection, inbox, log } = options
  const { message, headers } = first
  const deadline = headers.deadline ?? preciseNow() + options.defaultTimeoutMs
  const end = new CallEnd({ deadline, late: () => tooLate(operation) })
  const codec = functionCodec(operation.function)
  const params = new Channels({ nested: codec.params.async })
  if (headers.fromWeft && message.reply) params.tellRead = tellPeer(connection, message.reply)
  const idle = headers.whole
    ? undefined
    : setTimeout(() => params.root.fail(silentCaller(operation)), options.paramsIdleMs ?? paramsIdleMs)
  const address = inbox.open({
    receive(tail, received) {
      const { name, path } = splitTail(tail)
      if (name === tails.params) {
        idle?.refresh()
        params.receive(path, received.data, errorFromHeaders(received.headers))
      }
      if (name === tails.flow) results.flow.told(path, received.data)
      if (name === tails.cancel) end.fail(new WeftError('cancelled', 'the caller gave up'))
    },
    fail: (error) => end.fail(error),
  })
  end.whenFailed((error) => params.fail(error))
  // Callers that are not Weft know nothing of hosts that are lost: they wait on.
  const unwatch = headers.fromWeft
    ? inbox.standstill.watch((ms) => end.fail(stoodStill(operation, ms)))
    : undefined
  const results = new Outflow({
    connection,
    subject: `${message.reply}.${tails.results}`,
    ...(headers.fromWeft && { whole: `${message.reply}.${tails.whole}` }),
    end,
    toWeft: headers.fromWeft,
  })
  const acceptance = new Acceptance({
    acceptBy: headers.acceptBy,
    onLate: (error) => end.fail(error),
    publish: () =>
      connection.publish(message.reply ?? '', undefined, {
        reply: address.subject,
        ...(headers.fromWeft && { headers: weftMark(options.acceptor ?? '') }),
      }),
  })
  try {
    if (message.data.length > 0) params.receive('', message.data, undefined)
    if (headers.whole) params.root.end()
    if (!headers.fromWeft) await delay(raceDelayMs)
    if (options.accepts === 'late' && headers.whole && !codec.params.async) acceptance.soon(inbox.lateAccepts)
    else acceptance.now()
    await answer({ ...options, operation, headers, deadline, end, params, results, acceptance })
    if (headers.fromWeft && params.open > 0) connection.publish(`${message.reply}.${tails.stop}`)
  } catch (thrown) {
    // The connection is gone, or the caller has been elsewhere for long: there is nobody to tell.
    log.debug('a call ended without an answer', {
      operation: operationName(operation),
      error: String(thrown),
    })
  } finally {
    clearTimeout(idle)
    unwatch?.()
    end.finish()
    address.close()
    if (params.open > 0) params.fail(new WeftError('cancelled', 'the call is over'))
  }
}

interface Answering extends ServeCallOptions {
  readonly operation: Operation
  readonly headers: CallHeaders
  readonly deadline: number
  readonly end: CallEnd
  readonly params: Channels
  readonly results: Outflow
  readonly acceptance: Acceptance
}

/** Runs the call and sends what it gives; the results always get their end. */
async function answer(answering: Answering): Promise<void> {
  const { acceptance, end, operation, results } = answering
  const abort = new CallAbort()
  end.whenFailed((error) => abort.abort(error))
  const sent = Promise.withResolvers<void>()
  let rootEnded = false
  let course: CallCourse | undefined
  try {
    const args = await readParams(answering)
    const call = callFrom(answering, args, abort.signal)
    course = call.course
    course.onCommit(() => {
      answering.inbox.standstill.look()
      if (end.error) throw end.error
      acceptance.now()
    })
    if (functionCodec(operation.function).results.async) course.hold(sent.promise)
    const value = await end.within(answering.invoke(call))
    const writer = encodeResult(operation, value)
    const bytes = writer.bytes()
    if (writer.deferred.length === 0 && results.isWhole(bytes)) acceptance.spare()
    else acceptance.now()
    await results.finish(bytes)
    rootEnded = true
    if (writer.deferred.length > 0) await sendDeferred(results, writer.deferred)
  } catch (thrown) {
    const error = errorForPeer(answering, thrown)
    acceptance.now()
    if (!rootEnded) results.close('', error)
  } finally {
    sent.resolve()
  }
  const held = course?.held
  if (held !== undefined) await end.within(held).catch(() => {})
}

async function readParams(answering: Answering): Promise<readonly unknown[]> {
  const { operation, params: channels } = answering
  const codec = functionCodec(operation.function).params
  try {
    const args = await readValue({
      channel: channels.root,
      channels,
      codec,
      path: [],
      patience: untilDoubled,
    })
    return Array.isArray(args) ? args : []
  } catch (thrown) {
    if (thrown === answering.end.error) throw thrown
    const error = inContext(`params of ${operationName(operation)}`, thrown)
    answering.log.debug(error.message, {
      subject: operationSubject(answering.lattice, answering.id, operation),
    })
    throw error
  }
}

function callFrom(answering: Answering, args: readonly unknown[], signal: AbortSignal): Call {
  const { headers, deadline } = answering
  return {
    source: headers.source,
    target: answering.id,
    operation: answering.operation,
    args,
    context: { trace: headers.trace, baggage: headers.baggage, deadline, linkName: headers.linkName },
    signal,
    course: new CallCourse(),
  }
}

/** What was not meant for others is logged here and leaves as no more than `internal error`. */
function errorForPeer(answering: Answering, thrown: unknown): WeftError {
  if (thrown instanceof WeftError && thrown.code !== 'internal') return thrown
  answering.log.error('a call failed unexpectedly', {
    operation: operationName(answering.operation),
    traceId: answering.headers.trace?.traceId,
    error: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
  })
  return thrown instanceof WeftError ? thrown : new WeftError('internal', 'internal error')
}

function silentCaller(operation: Operation): WeftError {
  return new WeftError('deadline', `the caller of ${operationName(operation)} has gone silent`)
}

function stoodStill(operation: Operation, ms: number): WeftError {
  const seconds = (ms / 1000).toFixed(1)
  return new WeftError(
    'cancelled',
    `this host stood still for ${seconds} s: the caller of ${operationName(operation)} has given up`,
  )
}

function tooLate(operation: Operation): WeftError {
  return new WeftError('deadline', `${operationName(operation)} did not end before the caller's deadline`)
}
