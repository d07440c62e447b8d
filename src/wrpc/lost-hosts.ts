/** A NATS server pings every two minutes and gives up after two that were not answered. */
const hauntsForMs = 360_000

/**
 * Tells calls that wait for a process that it is gone, a Weft host or a provider in a process of its own: one that was
 * killed ends no stream.
 */
export class LostHosts {
  readonly #waiting = new Map<string, Set<() => void>>()
  #lostAt = Number.NEGATIVE_INFINITY

  /**
   * True while a host that was lost may still get calls: one that is frozen or cut off stays in its queue groups until
   * NATS misses its pings.
   */
  get haunts(): boolean {
    return performance.now() - this.#lostAt < hauntsForMs
  }

  /** Calls `onLost` when the host is lost: by the id it accepts with (`host.thread`), or `foreignServer`. The answer ends that. */
  watch(host: string, onLost: () => void): () => void {
    const waiting = this.#waiting.get(host) ?? new Set()
    this.#waiting.set(host, waiting)
    // A function of its own, so that the same callback can be watched twice.
    const lost = () => onLost()
    waiting.add(lost)
    return () => {
      waiting.delete(lost)
      if (waiting.size === 0 && this.#waiting.get(host) === waiting) this.#waiting.delete(host)
    }
  }

  /** The host's process is gone or cut off, or its thread (`host.thread`): whatever it had accepted fails now. */
  lost(host: string): void {
    this.#lostAt = performance.now()
    for (const [acceptor, waiting] of this.#waiting) {
      if (acceptor !== host && !acceptor.startsWith(`${host}.`)) continue
      this.#waiting.delete(acceptor)
      for (const lost of waiting) lost()
    }
  }
}

/** Whoever serves `target` and does not say who it is, for it is not Weft. */
export function foreignServer(target: string): string {
  return `foreign ${target}`
}
