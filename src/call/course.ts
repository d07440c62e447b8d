import type { TraceContext } from './trace-context.ts'

/** A named stretch of time within a call, in milliseconds since the epoch (with fractions). */
export type Timing = Stretch &
  ({ readonly name: 'queued' | 'instantiated' | 'woken' } | ImportedTiming | BackendTiming)

interface Stretch {
  readonly start: number
  readonly end: number
}

/** What a guest asked of the host itself, which is no call. */
export interface ImportedTiming {
  readonly name: 'imported'
  /** Package, interface and function, as calls are named: `config/store get`. */
  readonly label: string
  /** The span that was open at that moment. */
  readonly under: string | undefined
}

/** What a provider asked of the database or broker behind it. */
export interface BackendTiming {
  readonly name: 'backend'
  readonly kind: 'database' | 'messaging'
  /** As OpenTelemetry names it: `redis`, `nats`. */
  readonly system: string
  /** `GET`, `publish`; few different ones. */
  readonly operation: string
  /** The span's own id, for what carries it on; undefined when nothing does. */
  readonly spanId?: string | undefined
  /** The database, or where a message goes. */
  readonly destination?: string
  /** Keys or messages, where they are several. */
  readonly batchSize?: number
  readonly bodySize?: number
  readonly server?: { readonly address: string; readonly port: number }
  /** Why it failed; undefined when it did not. */
  readonly failure?: string | undefined
  /** The code of the failure in the words of the backend, one of few: `WRONGTYPE`. */
  readonly failureCode?: string
  /** What the answer to a message was sent under. */
  readonly answeredUnder?: TraceContext | undefined
}

/** A guest may ask as often as it likes; so much of it is worth keeping. */
const mostTimings = 128

/** What happens in the course of one call: named timings, and work that goes on after the answer. */
export class CallCourse {
  #timings: Timing[] = []
  #held: Promise<unknown>[] = []
  #allHeld: Promise<unknown> | undefined
  #commit: (() => void) | undefined
  /** When it left its caller, in milliseconds since the epoch; for who traces it. */
  begun: number | undefined

  get timings(): readonly Timing[] {
    return this.#timings
  }

  record(timing: Timing): void {
    if (this.#timings.length < mostTimings) this.#timings.push(timing)
  }

  /** `commit` runs before each effect that the call has. */
  onCommit(commit: () => void): void {
    this.#commit = commit
  }

  /**
   * To be called before each effect that others can see. Throws when the call may have none, because its caller has given
   * up or sent it elsewhere.
   */
  commit(): void {
    this.#commit?.()
  }

  /** The call is not over before this settles, although its answer is out (a body that still streams). */
  hold(work: Promise<unknown>): void {
    this.#held.push(work)
    this.#allHeld = undefined
  }

  /** Undefined when nothing is held, so that the common case costs no turn; a failure of held work is the value. */
  get held(): Promise<unknown> | undefined {
    if (this.#held.length === 0) return undefined
    this.#allHeld ??= firstFailure(this.#held)
    return this.#allHeld
  }
}

/** When all have settled, what the first of them failed with. */
function firstFailure(work: readonly Promise<unknown>[]): Promise<unknown> {
  return new Promise((resolve) => {
    let left = work.length
    let failure: unknown
    const settled = () => {
      left -= 1
      if (left === 0) resolve(failure)
    }
    const failed = (reason: unknown) => {
      failure ??= reason
      settled()
    }
    for (const one of work) one.then(settled, failed)
  })
}

const { timeOrigin } = performance

/** Milliseconds since the epoch with sub-millisecond resolution. */
export function preciseNow(): number {
  return timeOrigin + performance.now()
}
