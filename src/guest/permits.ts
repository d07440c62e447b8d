import { WeftError } from '../errors.ts'
import { longestTimerMs } from '../timer-ms.ts'
import { defaultLimits } from './limits.ts'

/** The most data threads that a host may have at a time, those of confined components included. */
export const mostThreads = 264

/**
 * What all data threads of a host share about one component: permits in use, waiting calls, what became of calls, and the
 * first two of each thread.
 */
export function sharedPermits(): SharedArrayBuffer {
  return new SharedArrayBuffer((4 + 2 * mostThreads) * Int32Array.BYTES_PER_ELEMENT)
}

/** Gives back what a thread had that was lost; the answer says how many permits those were. */
export function settlePermits(shared: SharedArrayBuffer, thread: number): number {
  const counts = new Int32Array(shared)
  const own = ownCounts(thread)
  const lost = Atomics.exchange(counts, own + inUse, 0)
  Atomics.sub(counts, inUse, lost)
  Atomics.sub(counts, waiting, Atomics.exchange(counts, own + waiting, 0))
  return lost
}

const inUse = 0
const waiting = 1
const began = 2
const trapped = 3
/** Where the two counts of one thread stand, behind those of all. */
const ownCounts = (thread: number) => 4 + 2 * thread

/** A component's calls over all threads of a host. */
export interface CallCounts {
  /** In flight now. */
  readonly inFlight: number
  /** Waiting for an instance now. */
  readonly waiting: number
  /** Ever begun, and ever ended in a trap; modulo 2^32. */
  readonly calls: number
  readonly traps: number
}

/** Reads what the threads share. */
export function countCalls(shared: SharedArrayBuffer): CallCounts {
  const counts = new Int32Array(shared)
  return {
    inFlight: Atomics.load(counts, inUse),
    waiting: Atomics.load(counts, waiting),
    calls: Atomics.load(counts, began) >>> 0,
    traps: Atomics.load(counts, trapped) >>> 0,
  }
}

export interface PermitsOptions {
  readonly shared: SharedArrayBuffer
  /** The index of the thread that this is, below `mostThreads`. */
  readonly thread: number
  readonly max: number
  /** Tells the other threads that a permit came free. */
  readonly poke: () => void
}

/**
 * `max_instances` of one component, exact over the data threads of a host: one shared counter, first come first served
 * within a thread. A thread that gives a permit back while others wait calls `poke`, and they call `poked`.
 */
export class Permits {
  readonly #counts: Int32Array
  readonly #own: number
  readonly #queue: { readonly grant: () => void }[] = []
  readonly #poke: () => void
  max: number
  /** Calls that may wait on this thread; one more fails with `exhausted`. */
  longest = defaultLimits.queue
  /** How long one may wait, in milliseconds. */
  longestMs = defaultLimits.queueMs

  constructor({ shared, thread, max, poke }: PermitsOptions) {
    this.#counts = new Int32Array(shared)
    this.#own = ownCounts(thread)
    this.#poke = poke
    this.max = max
  }

  /** Permits in use over all threads. */
  get active(): number {
    return Atomics.load(this.#counts, inUse)
  }

  /** Calls of this thread that wait. */
  get queued(): number {
    return this.#queue.length
  }

  get free(): boolean {
    return this.active < this.max
  }

  /** A call has its permit and begins. */
  countCall(): void {
    Atomics.add(this.#counts, began, 1)
  }

  /** A call ended in a trap. */
  countTrap(): void {
    Atomics.add(this.#counts, trapped, 1)
  }

  /** True when a permit was taken without waiting. */
  tryAcquire(): boolean {
    for (;;) {
      const used = Atomics.load(this.#counts, inUse)
      if (used >= this.max) return false
      if (Atomics.compareExchange(this.#counts, inUse, used, used + 1) !== used) continue
      Atomics.add(this.#counts, this.#own + inUse, 1)
      return true
    }
  }

  /** Waits for a permit; rejects with the signal's reason, or `exhausted` when too many wait already. */
  async acquire(signal: AbortSignal): Promise<void> {
    if (this.#queue.length === 0 && this.tryAcquire()) return
    if (this.#queue.length >= this.longest)
      throw full(`${this.longest} calls wait already for one of ${this.max} instances`)
    await new Promise<void>((resolve, reject) => {
      signal.throwIfAborted()
      const entry = {
        grant: () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', giveUp)
          this.#wait(-1)
          resolve()
        },
      }
      const leave = (reason: unknown) => {
        clearTimeout(timer)
        signal.removeEventListener('abort', giveUp)
        this.#queue.splice(this.#queue.indexOf(entry), 1)
        this.#wait(-1)
        reject(reason)
      }
      const giveUp = () => leave(signal.reason)
      // Who may wait longer has another deadline before.
      const timer =
        this.longestMs <= longestTimerMs
          ? setTimeout(() => leave(full(`no instance came free within ${this.longestMs} ms`)), this.longestMs)
          : undefined
      signal.addEventListener('abort', giveUp, { once: true })
      this.#wait(1)
      this.#queue.push(entry)
      // A permit may have come back between the first look and the moment others could see us wait.
      this.poked()
    })
  }

  release(): void {
    const next = this.active <= this.max ? this.#queue.shift() : undefined
    if (next) {
      next.grant()
      return
    }
    Atomics.sub(this.#counts, this.#own + inUse, 1)
    Atomics.sub(this.#counts, inUse, 1)
    if (Atomics.load(this.#counts, waiting) > 0) this.#poke()
  }

  /** Another thread gave a permit back, or `max` has grown: hands out what is free. */
  poked(): void {
    while (this.#queue.length > 0 && this.tryAcquire()) this.#queue.shift()?.grant()
  }

  #wait(more: 1 | -1): void {
    Atomics.add(this.#counts, waiting, more)
    Atomics.add(this.#counts, this.#own + waiting, more)
  }
}

function full(message: string): WeftError {
  return new WeftError('exhausted', message, { limit: 'queue' })
}
