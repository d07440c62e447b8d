import { createInbox, type Msg, type NatsConnection, type Subscription } from 'nats'
import { WeftError } from '../errors.ts'
import { isFromWeft } from './headers.ts'
import { LateAccepts } from './late-accepts.ts'
import { type Slot, Slots } from './slots.ts'
import { Standstill } from './standstill.ts'
import { tails } from './subjects.ts'

/** Who gets the messages of one address of an inbox. */
export interface InboxEntry {
  /** `tail` is what follows the address in the subject: '' or `results.0`. May throw; that is given to `fail`. */
  receive(tail: string, message: Msg): void
  /** The entry can get no more messages, or one of them could not be taken. */
  fail(error: WeftError): void
}

/** An address that peers send to while it is open. */
export interface InboxAddress {
  readonly subject: string
  close(): void
  /** Closes it before a server has accepted; `paths` are those of the params' streams, to be ended if one does. */
  abandon(paths: readonly string[]): void
}

/** How many calls that were given up before their accept are remembered for their streams. */
const maxAbandoned = 1000

/** All answers of one connection arrive here: one wildcard subscription, however many calls. */
export class WrpcInbox {
  /** Accepts of calls that are served over this connection. */
  readonly lateAccepts = new LateAccepts()
  /** Tells calls that are served over this connection when their callers must have given up. */
  readonly standstill = new Standstill()
  readonly #connection: NatsConnection
  readonly #prefix = createInbox()
  readonly #entries = new Slots<InboxEntry>()
  readonly #abandoned = new Map<string, readonly string[]>()
  readonly #subscription: Subscription

  constructor(connection: NatsConnection) {
    this.#connection = connection
    this.#subscription = connection.subscribe(`${this.#prefix}.>`, {
      // An exception in here would end the connection's read loop.
      callback: (error, message) => (error ? this.#failAll(error) : this.#dispatch(message)),
    })
    void this.#subscription.closed.then(() => {
      this.standstill.stop()
      this.#failAll(undefined)
    })
  }

  /** How many addresses are open: 0 when no call is under way. */
  get size(): number {
    return this.#entries.size
  }

  open(entry: InboxEntry): InboxAddress {
    if (this.#subscription.isClosed()) throw closed(undefined)
    const slot = this.#entries.put(entry)
    return {
      subject: `${this.#prefix}.${slot.token}`,
      close: slot.free,
      abandon: (paths) => this.#abandon(slot, paths),
    }
  }

  /** Calls under way fail with `unavailable`. */
  close(): void {
    this.#subscription.unsubscribe()
  }

  #abandon({ token, free }: Slot, paths: readonly string[]): void {
    free()
    if (paths.length === 0) return
    this.#abandoned.set(token, paths)
    const [oldest] = this.#abandoned.keys()
    if (this.#abandoned.size > maxAbandoned && oldest !== undefined) this.#abandoned.delete(oldest)
  }

  #dispatch(message: Msg): void {
    const rest = message.subject.slice(this.#prefix.length + 1)
    const dot = rest.indexOf('.')
    const entry = this.#entries.get(dot < 0 ? rest : rest.slice(0, dot))
    try {
      if (entry !== undefined) entry.receive(dot < 0 ? '' : rest.slice(dot + 1), message)
      else if (dot < 0 && message.reply) this.#turnAway(rest, message)
    } catch (thrown) {
      entry?.fail(WeftError.from(thrown))
    }
  }

  /**
   * A server accepts a call that nobody waits for any more. Rust servers stop serving the function until the params
   * have ended; a Weft server is told not to bother.
   */
  #turnAway(token: string, accept: Msg): void {
    this.#connection.publish(`${accept.reply}.${tails.params}`)
    for (const path of this.#abandoned.get(token) ?? []) {
      this.#connection.publish(`${accept.reply}.${tails.params}.${path}`)
    }
    this.#abandoned.delete(token)
    if (isFromWeft(accept.headers)) this.#connection.publish(`${accept.reply}.${tails.cancel}`)
  }

  #failAll(cause: unknown): void {
    for (const entry of this.#entries.takeAll()) entry.fail(closed(cause))
  }
}

/** Opens the inbox of a connection; one is enough for everything that serves and calls over it. */
export function openInbox(connection: NatsConnection): WrpcInbox {
  return new WrpcInbox(connection)
}

function closed(cause: unknown): WeftError {
  return new WeftError('unavailable', 'the connection to NATS is closed', { cause })
}
