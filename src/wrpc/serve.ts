import type { Msg, NatsConnection } from 'nats'
import type { Invoke, Operation } from '../call/call.ts'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { WitInterface } from '../wit/type.ts'
import { Count } from './count.ts'
import { type CallHeaders, callFromHeaders, headersFromError } from './headers.ts'
import type { WrpcInbox } from './inbox.ts'
import { serveCall } from './serve-call.ts'
import { operationSubject, queueGroup, tails } from './subjects.ts'

export interface ServeOptions {
  readonly connection: NatsConnection
  /** The inbox of the same connection. */
  readonly inbox: WrpcInbox
  readonly lattice: string
  /** The component or provider whose functions these are. */
  readonly id: string
  readonly interfaces: readonly WitInterface[]
  /** The host that this is: callers on other Weft hosts stop waiting when it is gone. */
  readonly acceptor?: string
  /** Asked for each call before it is accepted; false sends the caller elsewhere. Always, when absent. */
  readonly accept?: () => boolean
  /**
   * `late` lets calls begin before they are accepted: for what calls `course.commit` before each effect. Default `first`.
   */
  readonly accepts?: 'first' | 'late'
  readonly invoke: Invoke
  readonly log: Log
  /** How long a call may take whose caller names no deadline: milliseconds. */
  readonly defaultTimeoutMs: number
  /** How long the rest of a call's params may be silent: milliseconds, default 10000. */
  readonly paramsIdleMs?: number
}

/** Operations that are being served. */
export interface Serving {
  /** Takes no more calls; resolves when those under way have ended, with their streams. */
  drain(): Promise<void>
}

/** Serves all functions of the interfaces; resolves when NATS has all subscriptions. */
export async function serveOperations(options: ServeOptions): Promise<Serving> {
  const underWay = new Count()
  let refused: Error | undefined
  const subscribe = (operation: Operation) =>
    options.connection.subscribe(operationSubject(options.lattice, options.id, operation), {
      queue: queueGroup(options.lattice, options.id),
      callback(error, message) {
        if (error !== null) refused = error
        else take(options, operation, message, underWay)
      },
    })
  const subscriptions = operationsOf(options.interfaces).map(subscribe)
  await options.connection.flush()
  if (refused !== undefined) {
    for (const subscription of subscriptions) subscription.unsubscribe()
    throw new WeftError('denied', `NATS does not let ${options.id} be served: ${String(refused)}`, {
      cause: refused,
    })
  }
  return {
    async drain() {
      await Promise.allSettled(subscriptions.map((subscription) => subscription.drain()))
      await underWay.zero()
    },
  }
}

function operationsOf(interfaces: readonly WitInterface[]): Operation[] {
  return interfaces.flatMap(({ id, functions }) =>
    functions.map((declared) => ({ interface: id, function: declared })),
  )
}

/** Takes in the first message of a call. Must not throw: it runs in the connection's read loop. */
function take(options: ServeOptions, operation: Operation, message: Msg, underWay: Count): void {
  const { log } = options
  const { subject } = message
  try {
    if (!message.reply) {
      log.debug('dropped a call that names no place for the answer', { subject })
      return
    }
    const headers = callFromHeaders(message.headers)
    if (headers.acceptBy !== undefined && Date.now() > headers.acceptBy) {
      log.debug('dropped a call that was read too late', { subject })
      return
    }
    if (options.accept?.() === false) {
      refuse(options, message, headers)
      return
    }
    underWay.up()
    const ended = () => underWay.down()
    void serveCall(options, operation, { message, headers }).then(ended, ended)
  } catch (thrown) {
    log.error('could not take in a call', { subject, error: String(thrown) })
  }
}

/** A Weft caller goes elsewhere at once; others know no refusal, only an answer that ends before it begins. */
function refuse(options: ServeOptions, message: Msg, headers: CallHeaders): void {
  const { connection } = options
  const reply = message.reply ?? ''
  if (headers.fromWeft) {
    const error = new WeftError('exhausted', `${options.id} takes no more calls here`)
    connection.publish(reply, undefined, { headers: headersFromError(error) })
    return
  }
  const address = options.inbox.open({ receive() {}, fail() {} })
  connection.publish(reply, undefined, { reply: address.subject })
  address.close()
  connection.publish(`${reply}.${tails.results}`)
}
