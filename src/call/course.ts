import { preciseNow } from '../clock.ts'
import type { Call, Invoke, LimitedWithin } from './call.ts'
import { tellSafely } from './tell-safely.ts'
import type { Timing } from './timing.ts'

/** A guest may ask as often as it likes; so much of it is worth keeping. */
const mostTimings = 128
const noTimings: readonly Timing[] = []

/** Where an HTTP answer goes out. */
export interface OutgoingHead {
  readonly headersSent: boolean
  readonly statusCode: number
  readonly destroyed: boolean
}

/** Who looks at a call on one of its sides, and may look at many alike. */
export interface CallWatcher {
  /** The call is over: its course says when, and how. Must not throw. */
  over(call: Call): void
}

/** What happens in the course of one call, made once: named timings, and work that goes on after the answer. */
export class CallCourse implements LimitedWithin {
  #timings: Timing[] | undefined
  #hasHeld = false
  /** How much of what it held has not settled yet. */
  #holding = 0
  /** What the first of it failed with. */
  #heldFailure: unknown
  #afterHeld: ((failure: unknown) => void)[] | undefined
  #commit: (() => void) | undefined
  #call: Call | undefined
  #ending: 'answered' | 'failed' | undefined
  #outcome: unknown
  #brokeOff: unknown
  #end: number | undefined
  #isTold = false
  /** When the call began, in milliseconds since the epoch; undefined until somebody looks at the clock. */
  begun: number | undefined
  /** Who watches it where it leaves its caller, until it is over; undefined when nobody does, or on another thread. */
  leaving: CallWatcher | undefined
  /** Who does where its target gets it. */
  #arriving: CallWatcher | undefined
  outer: LimitedWithin | undefined
  inner: LimitedWithin | undefined
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
    if (this.#end !== undefined) return
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

  /**
   * `watcher` looks at the call where it leaves its caller. It hears of its end, too, when what the call was made within is
   * given up: who is called may not look.
   */
  leaves(call: Call, watcher: CallWatcher): void {
    if (this.#end !== undefined) return
    this.#begin(call)
    this.leaving = watcher
    call.limit?.watch(this)
  }

  /** `watcher` looks at the call where its target gets it. */
  arrives(call: Call, watcher: CallWatcher): void {
    if (this.#end !== undefined) return
    this.#begin(call)
    this.#arriving = watcher
  }

  /** How the call came back; undefined until it has, and when nobody watches. */
  get ending(): 'answered' | 'failed' | undefined {
    return this.#ending
  }

  /** What it was answered, or failed with. */
  get outcome(): unknown {
    return this.#outcome
  }

  /** What the body of its answer failed with; undefined when it did not. */
  get brokeOff(): unknown {
    return this.#brokeOff
  }

  /** When it was over, in milliseconds since the epoch; undefined until it is, and when nobody watches. */
  get end(): number | undefined {
    return this.#end
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
    this.#ends('answered', answer)
  }

  /** The call failed. Only the first word counts. */
  failed(thrown: unknown): void {
    this.#ends('failed', thrown)
  }

  giveUp(reason: unknown): void {
    this.failed(reason)
  }

  #begin(call: Call): void {
    this.#call ??= call
    this.begun ??= preciseNow()
  }

  #ends(ending: 'answered' | 'failed', outcome: unknown): void {
    if (!this.#call || this.#ending) return
    this.#ending = ending
    this.#outcome = outcome
    if (this.#holding === 0) this.#finish(this.#call)
  }

  #settled(): void {
    this.#holding -= 1
    if (this.#holding > 0) return
    const waiting = this.#afterHeld ?? []
    this.#afterHeld = undefined
    for (const tell of waiting) tellSafely(() => tell(this.#heldFailure))
    if (this.#call && this.#ending && this.#end === undefined) this.#finish(this.#call)
  }

  #finish(call: Call): void {
    const arriving = this.#arriving
    const { leaving } = this
    this.#arriving = undefined
    this.leaving = undefined
    this.#brokeOff = this.#heldFailure
    this.#end = preciseNow()
    call.limit?.forget(this)
    arriving?.over(call)
    leaving?.over(call)
  }
}
