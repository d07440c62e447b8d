/**
 * Lets a thread's guests share it. Guest code looks at the flag in this shared memory at every loop; another thread, the
 * watchdog, sets it now and then while guests run here, for this one may be stuck in a guest.
 */
export class Pace {
  /** Shared; word 0 is the flag, word 1 how many invocations run on the thread. */
  readonly memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })
  readonly #words = new Int32Array(this.memory.buffer)
  #sliceStart = 0

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

const flag = 0
const running = 1
/** How long a guest runs before others on its thread have a turn, in milliseconds. */
export const sliceMs = 5

/** Sets the flags of these threads while guests run there; the function it gives stops it. Runs on another thread. */
export function watchPace(memories: () => readonly WebAssembly.Memory[]): () => void {
  const timer = setInterval(() => {
    for (const memory of memories()) {
      const words = new Int32Array(memory.buffer)
      if (Atomics.load(words, running) > 0) Atomics.store(words, flag, 1)
    }
  }, sliceMs)
  timer.unref()
  return () => clearInterval(timer)
}
