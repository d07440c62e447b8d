/** How long calls may take to finish when a host is told to stop by a signal, in ms. */
const graceMs = 10_000

/** Why a host ends. */
export interface Stop {
  /** How long calls may take to finish, in ms. */
  readonly graceMs: number
  /** What went wrong, when the host did not end of its own or somebody's will. */
  readonly failure?: string
}

/** Waits for the end of a host: by a signal of the terminal, because the lattice asked for it, or because it failed. */
export function untilStopped(signal: AbortSignal): {
  /** Ends the wait. */
  readonly request: (graceMs: number, failure?: string) => void
  wait(): Promise<Stop>
} {
  const { promise, resolve } = Promise.withResolvers<Stop>()
  if (signal.aborted) resolve({ graceMs })
  signal.addEventListener('abort', () => resolve({ graceMs }), { once: true })
  return {
    request: (ms, failure) => resolve({ graceMs: ms, ...(failure !== undefined && { failure }) }),
    wait() {
      // A pending promise alone does not keep a process alive.
      const alive = setInterval(() => {}, 60_000)
      return promise.finally(() => clearInterval(alive))
    },
  }
}
