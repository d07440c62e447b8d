import { performance } from 'node:perf_hooks'
import { Garbage } from './garbage.ts'
import { flag, left, paceMemory, running, wakeWatch } from './pace-words.ts'
import { Stacks } from './stacks.ts'

/**
 * Lets a thread's guests share it. Guest code looks at the flag in this shared memory at every loop; another thread, the
 * watchdog, sets it now and then while guests run here, for this one may be stuck in a guest.
 */
export class Pace {
  /** Shared with the watchdog and with guests: `pace-words.ts` says what stands in it. */
  readonly memory: WebAssembly.Memory
  /** What its guests run on. */
  readonly stacks = new Stacks()
  /** What they leave behind. */
  readonly garbage = new Garbage()
  readonly #words: Int32Array
  readonly #turnMs: number
  readonly #restMs: number
  readonly #rest = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  #sliceStart = 0
  #slice = sliceMs
  /** Tasks that had their slice and want another. */
  readonly #waiting: (() => void)[] = []

  constructor(memory: WebAssembly.Memory = paceMemory(), { turnMs, restMs }: PaceOptions = ownPace) {
    this.memory = memory
    this.#turnMs = turnMs
    this.#restMs = restMs
    this.#words = new Int32Array(memory.buffer)
  }

  /** A task begins on this thread; before its guest's code does, `enter` is called. */
  begin(): void {
    if (Atomics.add(this.#words, running, 1) === 0) wakeWatch(this.#words)
  }

  end(): void {
    Atomics.sub(this.#words, running, 1)
  }

  /** Guest code begins, or goes on after a wait: its slice starts. */
  enter(): void {
    this.#sliceStart = performance.now()
    this.#slice = sliceMs
    // It went up for whoever ran before; one that stays long enough sees it go up again.
    Atomics.store(this.#words, flag, 0)
  }

  /** An import that a guest calls leaves it something to wait for; the guest takes the word down. */
  left(): void {
    this.#words[left] = 1
  }

  /** Takes the flag down and is true when whoever runs has had its slice and others should have a turn. */
  isSliceOver(): boolean {
    // The flag stays up until the slice is over: from its first sight on, the task itself looks at the clock.
    if (performance.now() - this.#sliceStart < this.#slice) return false
    Atomics.store(this.#words, flag, 0)
    return true
  }

  /**
   * Settles when it is the turn of a task that had its slice. Of all those, one goes on in each round of the event loop,
   * for a short slice: however many there are, who wants little waits little.
   */
  async turn(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
      if (this.#waiting.length === 1) setImmediate(() => this.#next())
    })
    if (this.#restMs > 0) Atomics.wait(this.#rest, 0, 0, this.#restMs)
    this.#sliceStart = performance.now()
    this.#slice = this.#turnMs
    Atomics.store(this.#words, flag, 1)
  }

  #next(): void {
    this.#waiting.shift()?.()
    if (this.#waiting.length > 0) setImmediate(() => this.#next())
  }
}

/** How long a guest runs before others on its thread have a turn, in milliseconds. */
export const sliceMs = 2

/** How a thread's guests go on after their first slice. */
export interface PaceOptions {
  /** How long each further turn is, in milliseconds. */
  readonly turnMs: number
  /** How long the thread sleeps before it, in milliseconds. */
  readonly restMs: number
}

const ownPace: PaceOptions = { turnMs: 1, restMs: 0 }
/**
 * Of a thread that is to go behind others. Its low priority alone does not see to that: Linux lets whoever runs finish a
 * slice of milliseconds before one that goes first, unless it sleeps.
 */
export const humblePace: PaceOptions = { turnMs: 0.5, restMs: 0.05 }
