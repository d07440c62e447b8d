import { sliceMs } from './pace.ts'
import { asleep, flag, running, wakeWatch } from './pace-words.ts'

/** After so long without an invocation the watchdog sleeps: those that follow each other more closely find it awake. */
const idleMs = 100

/**
 * Sets the flags of these threads while invocations are under way there; the function it gives stops it. Runs on another
 * thread. While there are none on any of them it sleeps, until the first one that begins wakes it.
 */
export function watchPace(memories: readonly WebAssembly.Memory[]): () => void {
  const all = memories.map((memory) => new Int32Array(memory.buffer))
  let timer: NodeJS.Timeout | undefined
  let idle = 0
  let isStopped = false
  const look = () => {
    idle += sliceMs
    for (const words of all) {
      if (Atomics.load(words, running) === 0) continue
      idle = 0
      Atomics.store(words, flag, 1)
    }
    if (idle >= idleMs) sleep()
  }
  const watch = () => {
    for (const words of all) wakeWatch(words)
    if (isStopped || timer) return
    idle = 0
    timer = setInterval(look, sliceMs).unref()
  }
  const sleep = () => {
    clearInterval(timer)
    timer = undefined
    for (const words of all) Atomics.store(words, asleep, 1)
    for (const words of all) {
      const { async, value } = Atomics.waitAsync(words, asleep, 1)
      if (async) void value.then(watch)
    }
    // Who began before the word was up wakes nobody.
    if (all.some((words) => Atomics.load(words, running) > 0 || Atomics.load(words, asleep) === 0)) watch()
  }
  watch()
  return () => {
    isStopped = true
    clearInterval(timer)
    for (const words of all) wakeWatch(words)
  }
}
