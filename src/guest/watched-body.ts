import { offAbort, onAbort } from '../call/call-abort.ts'
import { Settlement } from '../component/settlement.ts'

/**
 * A body, to be read once, and when it is over, however that comes: read to the end, left early (even before the first
 * byte), failed, or given up through `signal`.
 */
export class WatchedBody implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #signal: AbortSignal | undefined
  readonly #end = new Settlement<void>()
  readonly #abandon = () => {
    void this.#chunks.return?.()
    this.#end.reject(this.#signal?.reason)
  }

  constructor(body: AsyncIterable<Uint8Array>, signal?: AbortSignal) {
    this.#chunks = body[Symbol.asyncIterator]()
    this.#signal = signal
    if (signal?.aborted) this.#abandon()
    else if (signal) onAbort(signal, this.#abandon)
  }

  /** Rejects with what it failed with, or was given up for. */
  get over(): Promise<void> {
    return this.#end.promise
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    // Where it was given up is not its end.
    if (this.#signal?.aborted) return Promise.reject(this.#signal.reason)
    return this.#chunks.next().then(
      (step) => {
        if (!step.done) return step
        if (this.#signal?.aborted) throw this.#signal.reason
        this.#leave()
        return step
      },
      (error: unknown) => {
        this.#end.reject(error)
        this.#leave()
        throw error
      },
    )
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#leave()
    await this.#chunks.return?.()
    return { done: true, value: undefined }
  }

  #leave(): void {
    if (this.#signal) offAbort(this.#signal, this.#abandon)
    this.#end.resolve()
  }
}
