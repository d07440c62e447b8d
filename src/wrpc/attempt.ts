import type { Msg, NatsConnection } from 'nats'
import type { Call } from '../call/call.ts'
import { operationName } from '../call/call.ts'
import { WeftError } from '../errors.ts'
import { timerMs } from '../timer-ms.ts'
import type { ByteWriter } from './byte-writer.ts'
import type { CallEnd } from './call-end.ts'
import { Channels } from './channels.ts'
import { functionCodec } from './function-codec.ts'
import { errorFromHeaders, headersFromCall, hostFrom, isFromWeft, type SizedHeaders } from './headers.ts'
import type { InboxAddress, WrpcInbox } from './inbox.ts'
import { NobodyServes } from './nobody-yet.ts'
import { maxPayloadOf } from './outflow.ts'
import { operationSubject, splitTail, tails } from './subjects.ts'

/** NATS's own answer when nobody is subscribed. */
const noResponders = 503

export interface AttemptOptions {
  readonly connection: NatsConnection
  readonly inbox: WrpcInbox
  readonly lattice: string
  readonly call: Call
  readonly params: ByteWriter
  readonly end: CallEnd
}

/** A server that has taken the call. */
export interface Accepted {
  /** The server's inbox; '' when it has answered already. */
  readonly subject: string
  readonly byWeft: boolean
  /** The Weft host that took it; '' when it does not say. */
  readonly host: string
  /** How many bytes of the params went out with the first message. */
  readonly sent: number
  /** Whether it waits for more of the params, or for their end. */
  readonly wantsParams: boolean
}

/** One try to have a call accepted. An address of its own keeps apart what different servers answer. */
export class Attempt {
  readonly results: Channels
  readonly #options: AttemptOptions
  readonly #address: InboxAddress
  readonly #accepted = Promise.withResolvers<Accepted | undefined>()
  #sent = 0
  #whole = false
  #stopped = false
  #onStop: (() => void) | undefined
  #onFlow: ((path: string, data: Uint8Array) => void) | undefined

  constructor(options: AttemptOptions) {
    this.#options = options
    this.results = new Channels({
      nested: functionCodec(options.call.operation.function).results.async,
    })
    this.#accepted.promise.catch(() => {})
    this.#address = options.inbox.open({
      receive: (tail, message) => this.#receive(tail, message),
      fail: (error) => this.fail(error),
    })
  }

  /** Publishes the first message with as much of the params as fits. */
  start(acceptBy: number): void {
    const { call, connection, lattice, params } = this.#options
    const subject = operationSubject(lattice, call.target, call.operation)
    const bytes = params.bytes()
    const roomBeside = ({ size }: SizedHeaders) =>
      Math.max(0, maxPayloadOf(connection) - size - this.#address.subject.length)
    const whole = headersFromCall(call, acceptBy, 'whole')
    this.#whole = bytes.length <= roomBeside(whole)
    const sized = this.#whole ? whole : headersFromCall(call, acceptBy, 'begun')
    const { headers } = sized
    this.#sent = Math.min(bytes.length, roomBeside(sized))
    try {
      connection.publish(subject, bytes.subarray(0, this.#sent), { reply: this.#address.subject, headers })
    } catch (cause) {
      throw new WeftError('unavailable', 'the connection to NATS is closed', { cause })
    }
  }

  /** Waits for a server to take the call; undefined when none has until then (milliseconds since the epoch). */
  async accepted(until: number): Promise<Accepted | undefined> {
    const { promise, resolve } = this.#accepted
    const timer = Number.isFinite(until)
      ? setTimeout(resolve, timerMs(until - Date.now()), undefined)
      : undefined
    try {
      return await promise
    } finally {
      clearTimeout(timer)
    }
  }

  /** Runs when a Weft server says that nobody reads the params any more; at once if it has. */
  whenStopped(watcher: () => void): void {
    if (this.#stopped) watcher()
    else this.#onStop = watcher
  }

  /** Runs when a Weft server tells how far it has read a stream of the params. */
  whenRead(watcher: (path: string, data: Uint8Array) => void): void {
    this.#onFlow = watcher
  }

  fail(error: WeftError): void {
    this.#accepted.reject(error)
    this.results.fail(error)
  }

  /** Nobody has accepted in time, or the caller has given up. */
  abandon(): void {
    this.#address.abandon(this.#options.params.deferred.map(({ path }) => path.join('.')))
  }

  /** Nothing that still comes is for this call. */
  close(): void {
    this.#address.close()
  }

  #receive(tail: string, message: Msg): void {
    if (tail === '') {
      this.#receiveReply(message)
      return
    }
    const { name, path } = splitTail(tail)
    if (name === tails.results) this.results.receive(path, message.data, errorFromHeaders(message.headers))
    else if (name === tails.whole) this.#receiveWhole(message.data)
    else if (name === tails.stop) this.#stop()
    else if (name === tails.flow) this.#onFlow?.(path, message.data)
  }

  /** The answer, perhaps in place of an accept. */
  #receiveWhole(data: Uint8Array): void {
    if (data.length > 0) this.results.receive('', data, undefined)
    this.results.root.end()
    this.#accepted.resolve({ subject: '', byWeft: true, host: '', sent: this.#sent, wantsParams: false })
  }

  #stop(): void {
    this.#stopped = true
    this.#onStop?.()
  }

  #receiveReply(message: Msg): void {
    if (message.reply) {
      const byWeft = isFromWeft(message.headers)
      this.#accepted.resolve({
        subject: message.reply,
        byWeft,
        host: hostFrom(message.headers),
        sent: this.#sent,
        wantsParams: !(byWeft && this.#whole),
      })
    } else {
      this.#accepted.reject(this.#refusal(message))
    }
  }

  #refusal(message: Msg): WeftError {
    const { call, lattice } = this.#options
    const operation = operationName(call.operation)
    const code = message.headers?.code ?? 0
    if (code === noResponders) {
      return new NobodyServes(
        'not_found',
        `nothing in lattice ${lattice} serves ${call.target} (${operation})`,
      )
    }
    const refused = errorFromHeaders(message.headers)
    if (refused) return new Refused(refused)
    const why = code > 0 ? `NATS says ${code} ${message.headers?.description}` : 'the answer names no inbox'
    return new WeftError('unavailable', `${call.target} did not take the call (${operation}): ${why}`)
  }
}

/** A Weft server that said no before it took the call: another may take it. */
export class Refused extends WeftError {
  constructor(error: WeftError) {
    super(error.code, error.message)
  }
}
