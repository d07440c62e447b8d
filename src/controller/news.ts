/** Hosts beat every second; a longer silence of all of them is a silence of NATS, or of ourselves. */
const gapMs = 1_600

/** Knows how long news of hosts has been flowing without a gap: silence of one host says nothing before it flows. */
export class News {
  #since = Number.POSITIVE_INFINITY
  #last = Number.NEGATIVE_INFINITY

  /** A beat has come, at `now` of the monotonic clock. */
  heard(now: number): void {
    if (now - this.#last > gapMs) this.#since = now
    this.#last = now
  }

  /** Milliseconds; 0 while nothing comes. */
  flowingFor(now: number): number {
    return now - this.#last > gapMs ? 0 : now - this.#since
  }
}
