/** What waits behind the messages under way; beyond it, messages are refused. */
const mostWaiting = 1000
const mostWaitingBytes = 64 * 1024 * 1024

/** What waits counts by its bytes. */
interface Sized {
  readonly data: Uint8Array
}

export interface DeliveryOptions<T extends Sized> {
  readonly maxInFlight: number
  /** Handles one message; must not reject. */
  readonly handle: (message: T) => Promise<unknown>
  /** Told of a message for which there is no room; must not throw. */
  readonly refuse: (message: T) => void
}

/** Hands on messages in the order in which they came, so many at a time; the others wait, within bounds. */
export class Delivery<T extends Sized> {
  readonly #options: DeliveryOptions<T>
  readonly #waiting: T[] = []
  #waitingBytes = 0
  #underWay = 0
  #idle = Promise.withResolvers<void>()

  constructor(options: DeliveryOptions<T>) {
    this.#options = options
    this.#idle.resolve()
  }

  take(message: T): void {
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

  #begin(message: T): void {
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
