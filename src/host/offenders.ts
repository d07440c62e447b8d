/** So many offences within so long take a component from the threads that it shares. */
const mostOffences = 10
const windowMs = 10_000
/** A component on a thread of its own that gave no offence for so long may come back. */
const calmMs = 60_000

interface Record {
  /** When the offences of the window were given, oldest first; never more than matter. */
  readonly times: number[]
  latest: number
}

/**
 * Which components do harm again and again: their invocations trap, or run on until they are stopped, or take what their
 * limits refuse them. Each such end of an invocation is an offence.
 */
export class Offenders {
  readonly #records = new Map<string, Record>()

  /** Counts offences of a component; true when it has given too many of late. */
  offended(component: string, count: number, now = performance.now()): boolean {
    const record = this.#records.get(component) ?? { times: [], latest: now }
    this.#records.set(component, record)
    record.latest = now
    for (let each = 0; each < Math.min(count, mostOffences); each += 1) record.times.push(now)
    record.times.splice(0, record.times.length - mostOffences)
    return record.times.length >= mostOffences && now - (record.times[0] ?? now) <= windowMs
  }

  /** True when a component has given no offence for long. */
  isCalm(component: string, now = performance.now()): boolean {
    const record = this.#records.get(component)
    return !record || now - record.latest >= calmMs
  }

  forget(component: string): void {
    this.#records.delete(component)
  }
}
