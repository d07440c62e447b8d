/**
 * Lets a thread's guests share it. Guest code looks at the flag in this shared memory at every loop; another thread, the
 * watchdog, sets it now and then while guests run here, for this one may be stuck in a guest.
 */
export class Pace {
  /** Shared; word 0 is the flag, word 1 how many invocations run on the thread. */
  readonly memory: WebAssembly.Memory
  readonly #words: Int32Array
  #sliceStart = 0

  constructor(memory: WebAssembly.Memory = paceMemory()) {
    this.memory = memory
    this.#words = new Int32Array(memory.buffer)
  }

  /** A task begins on this thread. */
  begin(): void {
    Atomics.add(this.#words, running, 1)
    this.enter()
  }

  end(): void {
    Atomics.sub(this.#words, running, 1)
  }

  /** Guest code begins, or goes on after a wait: its slice starts. */
  enter(): void {
    this.#sliceStart = performance.now()
  }

  /** Takes the flag down; true when whoever runs has had its slice and others should have a turn. */
  isSliceOver(): boolean {
    Atomics.store(this.#words, flag, 0)
    return performance.now() - this.#sliceStart >= sliceMs
  }
}

/** What a thread and its watchdog share. */
export function paceMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })
}

const flag = 0
const running = 1
/** How long a guest runs before others on its thread have a turn, in milliseconds. */
export const sliceMs = 5

/** Sets the flags of these threads while guests run there; the function it gives stops it. Runs on another thread. */
export function watchPace(memories: readonly WebAssembly.Memory[]): () => void {
  const all = memories.map((memory) => new Int32Array(memory.buffer))
  const timer = setInterval(() => {
    for (const words of all) {
      if (Atomics.load(words, running) > 0) Atomics.store(words, flag, 1)
    }
  }, sliceMs)
  timer.unref()
  return () => clearInterval(timer)
}
