import type { Life } from './life.ts'

/** Codes of the events that a waitable gives (CanonicalABI.md, `EventCode`). */
export const eventCode = {
  none: 0,
  subtask: 1,
  streamRead: 2,
  streamWrite: 3,
  futureRead: 4,
  futureWrite: 5,
  taskCancelled: 6,
} as const

/** An event as a guest gets it: code, the waitable's handle, and what happened. */
export type WaitableEvent = readonly [code: number, handle: number, payload: number]

export const noEvent: WaitableEvent = [eventCode.none, 0, 0]

/** Something that a guest can wait for by its handle: a subtask, or an end of a stream or future. */
export class Waitable {
  readonly kind: string
  #set: WaitableSet | undefined
  /** Made when it is taken, so that it tells the latest. */
  #event: (() => WaitableEvent) | undefined

  constructor(kind: string) {
    this.kind = kind
  }

  /** What it stands for has not come to its end, and may still reach the guest's memory. */
  get isUnfinished(): boolean {
    return false
  }

  get hasEvent(): boolean {
    return this.#event !== undefined
  }

  get isInSet(): boolean {
    return this.#set !== undefined
  }

  setEvent(event: () => WaitableEvent): void {
    this.#event = event
    this.#set?.wake()
  }

  takeEvent(): WaitableEvent | undefined {
    const event = this.#event
    this.#event = undefined
    return event?.()
  }

  /** Moves it to another set, or with undefined out of the one it is in. */
  join(set: WaitableSet | undefined): void {
    this.#set?.members.delete(this)
    this.#set = set
    set?.members.add(this)
    if (this.#event) set?.wake()
  }
}

/** A set of waitables, of which a task waits for the first event. */
export class WaitableSet {
  readonly kind = 'waitable set'
  readonly members = new Set<Waitable>()
  #waiting: (() => void) | undefined

  get isWaitedFor(): boolean {
    return this.#waiting !== undefined
  }

  /** The next event that is there already. */
  poll(): WaitableEvent | undefined {
    for (const waitable of this.members) {
      const event = waitable.takeEvent()
      if (!event) continue
      // Whoever had an event goes to the back: no waitable starves the others.
      if (this.members.size > 1) {
        this.members.delete(waitable)
        this.members.add(waitable)
      }
      return event
    }
    return undefined
  }

  /** Waits for an event; rejects with what ends `life`. */
  wait(life: Life): Promise<WaitableEvent> {
    const event = this.poll()
    if (event) return Promise.resolve(event)
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#waiting = undefined
        reject(life.over?.reason)
      }
      this.#waiting = () => {
        const event = this.poll()
        if (!event) return
        life.offEnd(giveUp)
        this.#waiting = undefined
        resolve(event)
      }
      life.onEnd(giveUp)
    })
  }

  wake(): void {
    this.#waiting?.()
  }
}
