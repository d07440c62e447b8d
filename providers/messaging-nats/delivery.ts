import type { Msg } from 'nats'

/** What waits behind the messages under way; beyond it, messages are refused. */
const mostWaiting = 1000
const mostWaitingBytes = 64 * 1024 * 1024

export interface DeliveryOptions {
  readonly maxInFlight: number
  /** Handles one message; must not reject. */
  readonly handle: (message: Msg) => Promise<void>
  /** Told of a message for which there is no room; must not throw. */
  readonly refuse: (message: Msg) => void
}

/** Hands on messages in the order in which they came, so many at a time; the others wait, within bounds. */
export class Delivery {
  readonly #options: DeliveryOptions
  readonly #waiting: Msg[] = []
  #waitingBytes = 0
  #underWay = 0
  #idle = Promise.withResolvers<void>()

  constructor(options: DeliveryOptions) {
    this.#options = options
    this.#idle.resolve()
  }

  take(message: Msg): void {
    const bytes = this.#waitingBytes + message.data.byteLength
    if (this.#underWay < this.#options.maxInFlight) this.#begin(message)
    else if (this.#waiting.length >= mostWaiting || bytes > mostWaitingBytes) this.#options.refuse(message)
    else {
      this.#waiting.push(message)
      this.#waitingBytes = bytes
    }
  }

  /** Settles when nothing is under way and nothing waits. */
  get idle(): Promise<void> {
    return this.#idle.promise
  }

  #begin(message: Msg): void {
    if (this.#underWay === 0) this.#idle = Promise.withResolvers()
    this.#underWay += 1
    void this.#options.handle(message).finally(() => {
      this.#underWay -= 1
      const next = this.#waiting.shift()
      if (next) {
        this.#waitingBytes -= next.data.byteLength
        this.#begin(next)
      } else if (this.#underWay === 0) this.#idle.resolve()
    })
  }
}
