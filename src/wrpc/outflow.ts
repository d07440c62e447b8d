import type { MsgHdrs, NatsConnection } from 'nats'
import { WeftError } from '../errors.ts'
import type { CallEnd } from './call-end.ts'
import { Flow } from './flow.ts'
import { headersFromError } from './headers.ts'
import { flushEveryBytes } from './limits.ts'

/** A NATS server says its own; this is its default. */
const defaultMaxPayload = 1024 * 1024

export interface OutflowOptions {
  readonly connection: NatsConnection
  /** `{inbox}.params` or `{inbox}.results`. */
  readonly subject: string
  /** Where the root goes when it fits one message; undefined where the receiver wants its end told apart. */
  readonly whole?: string
  readonly end: CallEnd
  /** Whether the receiver understands why a stream ends. */
  readonly toWeft: boolean
}

/**
 * The bytes of a call that go out on one side: cut to what NATS takes, no faster than NATS reads, and to a Weft peer no
 * further ahead of its readers than `flow` allows.
 */
export class Outflow {
  readonly end: CallEnd
  readonly maxPayload: number
  readonly #connection: NatsConnection
  readonly #subject: string
  readonly #whole: string | undefined
  readonly #toWeft: boolean
  readonly flow = new Flow()
  #sinceFlush = 0
  #flushing: Promise<void> | undefined

  constructor(options: OutflowOptions) {
    this.end = options.end
    this.maxPayload = maxPayloadOf(options.connection)
    this.#connection = options.connection
    this.#subject = options.subject
    this.#whole = options.whole
    this.#toWeft = options.toWeft
  }

  /** Whether nobody reads the stream on this path any more. */
  hasLeft(path: string): boolean {
    return this.flow.hasLeft(path)
  }

  /** Waits until the reader of a stream has come near enough for more than `sent` to go out, while the call lasts. */
  room(path: string, sent: number): Promise<void> | undefined {
    const near = this.#toWeft ? this.flow.room(path, sent) : undefined
    return near && this.end.within(near)
  }

  /** The receiver reads no more streams. */
  stop(): void {
    this.flow.stop()
  }

  /** Publishes on the root (path '') or a nested channel. Undefined when there is no need to wait. */
  send(path: string, bytes: Uint8Array): Promise<void> | undefined {
    if (bytes.length > this.maxPayload || this.#sinceFlush + bytes.length > flushEveryBytes) {
      return this.#sendPaced(path, bytes)
    }
    if (bytes.length === 0) return undefined
    this.#sinceFlush += bytes.length
    this.#publish(path, bytes)
    return undefined
  }

  /** Whether `finish` takes one message for so much. */
  isWhole(bytes: Uint8Array): boolean {
    return this.#whole !== undefined && bytes.length <= this.maxPayload
  }

  /** Publishes all of the root, and its end. */
  async finish(bytes: Uint8Array): Promise<void> {
    if (this.#whole !== undefined && this.isWhole(bytes)) {
      this.#sinceFlush += bytes.length
      publish(this.#connection, this.#whole, bytes)
    } else {
      await this.send('', bytes)
      this.close('')
    }
  }

  /** Ends the root or a nested channel; to a Weft peer, with the error if it failed. */
  close(path: string, error?: WeftError): void {
    this.#publish(path, undefined, error && this.#toWeft ? headersFromError(error) : undefined)
  }

  async #sendPaced(path: string, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += this.maxPayload) {
      const piece = bytes.subarray(at, at + this.maxPayload)
      this.#sinceFlush += piece.length
      this.#publish(path, piece)
      if (this.#sinceFlush >= flushEveryBytes) {
        this.#sinceFlush = 0
        await this.#flushed()
      }
    }
  }

  /** Waits for the flush before the one that begins now, so that NATS reads while more is being made. */
  async #flushed(): Promise<void> {
    const before = this.#flushing
    this.#flushing = this.#connection.flush()
    this.#flushing.catch(() => {})
    if (before) await this.end.within(before)
  }

  #publish(path: string, bytes: Uint8Array | undefined, headers?: MsgHdrs): void {
    publish(
      this.#connection,
      path === '' ? this.#subject : `${this.#subject}.${path}`,
      bytes,
      headers && { headers },
    )
  }
}

function publish(connection: NatsConnection, ...message: Parameters<NatsConnection['publish']>): void {
  try {
    connection.publish(...message)
  } catch (cause) {
    throw new WeftError('unavailable', 'the connection to NATS is closed', { cause })
  }
}

/** The most that one message may carry, headers included. */
export function maxPayloadOf(connection: NatsConnection): number {
  return connection.info?.max_payload ?? defaultMaxPayload
}
