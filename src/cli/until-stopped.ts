/** How long calls may take to finish when a host is told to stop by a signal, in ms. */
const graceMs = 10_000

/** Waits for the end of a host: by a signal of the terminal, or because the lattice asked for it. */
export function untilStopped(signal: AbortSignal): {
  /** Ends the wait; what runs has so long to finish. */
  readonly request: (graceMs: number) => void
  /** The grace time that goes with the end. */
  wait(): Promise<number>
} {
  const { promise, resolve } = Promise.withResolvers<number>()
  if (signal.aborted) resolve(graceMs)
  signal.addEventListener('abort', () => resolve(graceMs), { once: true })
  return {
    request: resolve,
    wait() {
      // A pending promise alone does not keep a process alive.
      const alive = setInterval(() => {}, 60_000)
      return promise.finally(() => clearInterval(alive))
    },
  }
}
