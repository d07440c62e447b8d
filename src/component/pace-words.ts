/** What a thread, its guests and its watchdog share. */
export function paceMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })
}

/** The word that is 1 when whoever runs on the thread should look at the clock. */
export const flag = 0
/** The word that says how many invocations are under way on the thread, those that wait included. */
export const running = 1
/** The word that is 1 when the import that was called last left something to wait for. */
export const left = 2
/** Where guests find it, in bytes. */
export const leftAt = left * Int32Array.BYTES_PER_ELEMENT
/** The word that is 1 while the watchdog sleeps. */
export const asleep = 3

/** Wakes the watchdog of these words, if it sleeps. */
export function wakeWatch(words: Int32Array): void {
  if (Atomics.load(words, asleep) === 0) return
  Atomics.store(words, asleep, 0)
  Atomics.notify(words, asleep)
}
