import type { Call } from '../call/call.ts'
import { preciseNow } from '../call/course.ts'

/** How a call came back. `brokeOff` is what its body failed with after the answer. */
export type End =
  | { readonly kind: 'answer'; readonly answer: unknown; readonly brokeOff?: unknown }
  | { readonly kind: 'failure'; readonly thrown: unknown }

interface Waiting<Watched> {
  readonly running: Promise<unknown>
  readonly one: Watched
  /** The same call, on its other side. */
  other: Watched | undefined
}

/**
 * Waits until calls are over: after their answer, and after all that they hold. A call between two parts of one thread
 * passes both sides at once with the same promise: it is waited for once, and over for both at the same moment.
 */
export class CallEnds<Watched extends { readonly call: Pick<Call, 'course'> }> {
  readonly #over: (watched: Watched, end: End, now: number) => void
  #latest: Waiting<Watched> | undefined

  /** `over` is told of each end, with its time in milliseconds; must not throw. */
  constructor(over: (watched: Watched, end: End, now: number) => void) {
    this.#over = over
  }

  watch(running: Promise<unknown>, one: Watched): void {
    const latest = this.#latest
    if (latest?.running === running && !latest.other && latest.one.call.course === one.call.course) {
      latest.other = one
      return
    }
    const waiting: Waiting<Watched> = { running, one, other: undefined }
    this.#latest = waiting
    // The answer goes on as it is: looking at it takes no turn of who waits for it.
    running.then(
      (answer) => this.#cameBack(waiting, { kind: 'answer', answer }),
      (thrown: unknown) => this.#cameBack(waiting, { kind: 'failure', thrown }),
    )
  }

  #cameBack(waiting: Waiting<Watched>, end: End): void {
    const { held } = waiting.one.call.course
    if (!held) this.#tell(waiting, end)
    else
      held.then((failure) => {
        const isWhole = failure === undefined || end.kind === 'failure'
        this.#tell(waiting, isWhole ? end : { ...end, brokeOff: failure })
      })
  }

  #tell({ one, other }: Waiting<Watched>, end: End): void {
    const now = preciseNow()
    this.#over(one, end, now)
    if (other) this.#over(other, end, now)
  }
}
