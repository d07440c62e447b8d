import { preciseNow } from '../clock.ts'
import { WeftError } from '../errors.ts'
import { timerMs } from '../timer-ms.ts'

/**
 * When a call is over before its time: its deadline has passed, somebody gave up, the connection went. The first
 * reason counts. `finish` must be called, or the timer stays.
 */
export class CallEnd {
  readonly #watchers = new Set<(error: WeftError) => void>()
  readonly #timer: NodeJS.Timeout | undefined
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = () => this.fail(cancelled(this.#signal?.reason))
  #error: WeftError | undefined
  #finished = false

  /** `late` is the error when `deadline` (milliseconds since the epoch, by `preciseNow`) passes. */
  constructor(options: {
    readonly deadline: number
    readonly late: () => WeftError
    readonly signal?: AbortSignal
  }) {
    this.#signal = options.signal
    if (Number.isFinite(options.deadline)) {
      const left = timerMs(options.deadline - preciseNow())
      this.#timer = setTimeout(() => this.fail(options.late()), left)
    }
    if (options.signal?.aborted) this.#onAbort()
    else options.signal?.addEventListener('abort', this.#onAbort)
  }

  get error(): WeftError | undefined {
    return this.#error
  }

  fail(error: WeftError): void {
    if (this.#finished || this.#error !== undefined) return
    this.#error = error
    const watchers = [...this.#watchers]
    this.#watchers.clear()
    for (const watcher of watchers) watcher(error)
  }

  /** Runs when the call fails; at once if it has. */
  whenFailed(watcher: (error: WeftError) => void): void {
    if (this.#error) watcher(this.#error)
    else this.#watchers.add(watcher)
  }

  /** Waits for `work`, but not longer than the call lasts. */
  within<T>(work: Promise<T>): Promise<T> {
    // Not Promise.race: with a promise that lives as long as the call, each chunk of a stream would leave a reaction.
    return new Promise<T>((resolve, reject) => {
      if (this.#error) {
        work.catch(() => {})
        reject(this.#error)
        return
      }
      this.#watchers.add(reject)
      work.then(
        (value) => {
          this.#watchers.delete(reject)
          resolve(value)
        },
        (error: unknown) => {
          this.#watchers.delete(reject)
          reject(error)
        },
      )
    })
  }

  /** The call is over; nothing fails it any more. */
  finish(): void {
    this.#finished = true
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }
}

/** The reason of an abort, which may be an error that says more. */
function cancelled(reason: unknown): WeftError {
  if (reason instanceof WeftError) return reason
  if (reason instanceof Error && reason.name === 'TimeoutError') return WeftError.from(reason)
  return new WeftError('cancelled', 'the caller gave up', { cause: reason })
}
