import { offAbort, onAbort } from '../../call/call-abort.ts'
import { free } from '../../given-bytes.ts'
import { httpErrorFrom } from './http-error.ts'
import { streamClosed, streamFailed } from './io-error.ts'
import { Bell, type Readiness } from './readiness.ts'

const nothing = new Uint8Array(0)

/**
 * The bytes of a body that comes in, pulled one chunk at a time and only when the guest asks: nothing runs ahead of a
 * slow guest. It is over at its end, by `cancel()` or when the invocation ends, whichever comes first.
 */
export class IncomingBytes implements Readiness {
  readonly #bell = new Bell()
  readonly #signal: AbortSignal
  readonly #iterator: AsyncIterator<Uint8Array>
  readonly #cancel = () => this.cancel()
  /** What is left of the last chunk. */
  #chunk: Uint8Array = nothing
  /** The last chunk as it came, unless it goes on elsewhere. */
  #whole: Uint8Array | undefined
  /** The one before, which the guest has copied when it asks for more. */
  #spent: Uint8Array | undefined
  #pulling = false
  #ended = false
  #failure: { readonly thrown: unknown } | undefined
  /** A stream tells once that it has failed. */
  #isFailureTold = false

  constructor(body: AsyncIterable<Uint8Array>, signal: AbortSignal) {
    this.#iterator = body[Symbol.asyncIterator]()
    this.#signal = signal
    onAbort(signal, this.#cancel)
  }

  /** Asks for the next chunk when there is none: polling is asking. */
  isReady(): boolean {
    if (this.#chunk.byteLength > 0 || this.#ended) return true
    this.#pull()
    return false
  }

  onChange(wake: () => void): () => void {
    return this.#bell.onChange(wake)
  }

  /** As `ByteSource` has it. */
  take(most: number): Uint8Array {
    if (!this.isReady()) return nothing
    if (this.#spent) free(this.#spent)
    this.#spent = undefined
    if (this.#failure && !this.#isFailureTold) throw this.#tellFailure(this.#failure.thrown)
    if (this.#chunk.byteLength === 0) throw streamClosed()
    const bytes = this.#chunk.subarray(0, most)
    this.#chunk = this.#chunk.subarray(bytes.byteLength)
    return bytes
  }

  /** As `ByteSource` has it. */
  keep(): void {
    this.#whole = undefined
  }

  /** Reads on to the end and drops what comes, so that the trailers behind it can come; rejects when the body fails, or has. */
  async drain(): Promise<void> {
    while (!this.#ended) {
      this.#chunk = nothing
      if (!this.isReady()) await new Promise<void>((resolve) => this.#bell.once(resolve))
    }
    if (this.#failure) throw this.#failure.thrown
  }

  /** Hangs up: the sender's iterator is told to return. */
  cancel(): void {
    if (this.#ended) return
    this.#end()
    this.#chunk = nothing
    // The sender's own cleaning up is not the guest's concern.
    this.#iterator.return?.().then(undefined, () => {})
  }

  #tellFailure(thrown: unknown): Error {
    this.#isFailureTold = true
    const code = httpErrorFrom(thrown)
    return streamFailed(thrown instanceof Error ? thrown.message : String(thrown), { http: code })
  }

  #pull(): void {
    if (this.#pulling) return
    this.#pulling = true
    this.#iterator.next().then(
      (next) => this.#arrived(next),
      (thrown: unknown) => {
        if (!this.#ended) this.#failure = { thrown }
        this.#end()
      },
    )
  }

  #arrived(next: IteratorResult<Uint8Array>): void {
    this.#pulling = false
    if (this.#ended) return
    if (next.done) {
      this.#end()
      return
    }
    this.#chunk = next.value
    this.#spent = this.#whole
    this.#whole = next.value
    // An empty chunk is no news for the guest.
    if (next.value.byteLength === 0) this.#pull()
    else this.#bell.ring()
  }

  #end(): void {
    this.#ended = true
    offAbort(this.#signal, this.#cancel)
    this.#bell.ring()
  }
}
