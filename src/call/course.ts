import { preciseNow } from '../clock.ts'
import type { Invoke } from './call.ts'
import { tellSafely } from './tell-safely.ts'
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
const noTimings: readonly Timing[] = []

/** Where an HTTP answer goes out. */
export interface OutgoingHead {
  readonly headersSent: boolean
  readonly statusCode: number
  readonly destroyed: boolean
}

/** Who is told when a call is over: once, by one of the two. `now` is in milliseconds since the epoch. Neither may throw. */
export interface CallWatcher {
  /** `brokeOff` is what the answer's body failed with after it; undefined when it did not. */
  answered(answer: unknown, brokeOff: unknown, now: number): void
  failed(thrown: unknown, now: number): void
  /** The next one to tell: watchers are a chain by themselves, so that no list is made for each call. */
  next: CallWatcher | undefined
}

/** What happens in the course of one call: named timings, and work that goes on after the answer. */
export class CallCourse {
  #timings: Timing[] | undefined
  #hasHeld = false
  /** How much of what it held has not settled yet. */
  #holding = 0
  /** What the first of it failed with. */
  #heldFailure: unknown
  #afterHeld: ((failure: unknown) => void)[] | undefined
  #commit: (() => void) | undefined
  #watcher: CallWatcher | undefined
  #isOver = false
  #isTold = false
  /** When the call began, in milliseconds since the epoch; undefined until somebody looks at the clock. */
  begun: number | undefined
  /** Who traces it where it leaves its caller, until it is over; undefined when nobody does, or on another thread. */
  leaving: CallWatcher | undefined
  /** Where a call goes on to behind what is put around it; only of one that enters from outside. */
  onward: Invoke | undefined
  /** Of a request that came over HTTP: which status its client sees, for who tells that the call failed. */
  response: OutgoingHead | undefined

  constructor(begun?: number) {
    this.begun = begun
  }

  get timings(): readonly Timing[] {
    return this.#timings ?? noTimings
  }

  /** What comes after the call is over is not its own any more. */
  record(timing: Timing): void {
    if (this.#isOver) return
    this.#timings ??= []
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
    this.#hasHeld = true
    this.#holding += 1
    work.then(
      () => this.#settled(),
      (failure: unknown) => {
        this.#heldFailure ??= failure
        this.#settled()
      },
    )
  }

  /** Undefined when nothing was held; a failure of held work is the value. */
  get held(): Promise<unknown> | undefined {
    return this.#hasHeld ? new Promise((resolve) => this.afterHeld(resolve)) : undefined
  }

  /**
   * Calls `tell` when nothing is held any more, at once where that is so, with what held work failed with. It must not throw.
   * Cheaper than `held`, for who watches every call.
   */
  afterHeld(tell: (failure: unknown) => void): void {
    if (this.#holding === 0) tell(this.#heldFailure)
    else if (this.#afterHeld) this.#afterHeld.push(tell)
    else this.#afterHeld = [tell]
  }

  /** Tells `watcher` when the call is over: after its answer, and after all that it holds. */
  watch(watcher: CallWatcher): void {
    watcher.next = this.#watcher
    this.#watcher = watcher
  }

  /** True when who answers the call says so by `answered` or `failed`: nobody needs to wait for its promise for that. */
  get isTold(): boolean {
    return this.#isTold
  }

  /** Whoever calls this calls `answered` or `failed` too. */
  willTell(): void {
    this.#isTold = true
  }

  /** The call has its answer. Only the first word counts. */
  answered(answer: unknown): void {
    const watcher = this.#watcher
    this.#watcher = undefined
    if (!watcher) return
    if (!this.#hasHeld) this.#tellAnswer(watcher, answer, undefined)
    else this.#tellAfterHeld(watcher, answer)
  }

  /** The call failed. Only the first word counts. */
  failed(thrown: unknown): void {
    const watcher = this.#watcher
    this.#watcher = undefined
    if (!watcher) return
    if (!this.#hasHeld) this.#tellFailure(watcher, thrown)
    else this.afterHeld(() => this.#tellFailure(watcher, thrown))
  }

  // A method of its own: what a closure holds is put together whenever its function is called.
  #tellAfterHeld(watcher: CallWatcher, answer: unknown): void {
    this.afterHeld((failure) => this.#tellAnswer(watcher, answer, failure))
  }

  #settled(): void {
    this.#holding -= 1
    if (this.#holding > 0) return
    const waiting = this.#afterHeld ?? []
    this.#afterHeld = undefined
    for (const tell of waiting) tellSafely(() => tell(this.#heldFailure))
  }

  /** All of them at the same moment. */
  #tellAnswer(first: CallWatcher, answer: unknown, brokeOff: unknown): void {
    this.#isOver = true
    const now = preciseNow()
    for (let watcher: CallWatcher | undefined = first; watcher; watcher = watcher.next)
      watcher.answered(answer, brokeOff, now)
  }

  #tellFailure(first: CallWatcher, thrown: unknown): void {
    this.#isOver = true
    const now = preciseNow()
    for (let watcher: CallWatcher | undefined = first; watcher; watcher = watcher.next)
      watcher.failed(thrown, now)
  }
}
