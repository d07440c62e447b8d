import type { HttpErrorCode, HttpFields } from '../../capability/http.ts'
import { WeftError } from '../../errors.ts'
import { giveAway } from '../../given-bytes.ts'
import { Fields } from './fields.ts'

/** A guest's `stream<u8>` as the host gets it. */
export interface GuestStream {
  /** `isCopy`: nothing else refers to the bytes. */
  read(options: {
    readonly count: number
  }): Promise<{ readonly value?: unknown; readonly done: boolean; readonly isCopy?: boolean }>
  [Symbol.dispose](): void
}

/** A value of `result<T, error-code>`. */
export type ErrorCodeResult<T> =
  | { readonly tag: 'ok'; readonly val?: T }
  | { readonly tag: 'err'; readonly val: HttpErrorCode }

/** `future<result<option<trailers>, error-code>>`. */
export type TrailersFuture = PromiseLike<ErrorCodeResult<Fields | undefined>>

/** Bytes asked of the guest at a time. */
const readSize = 65_536

/** A body: what the guest gave, or what came in from outside. It can be taken once. */
export class Body {
  readonly contents: GuestStream | AsyncIterable<Uint8Array> | undefined
  readonly trailers: TrailersFuture
  #sent: ((result: ErrorCodeResult<void>) => void) | undefined
  /** Settles when the body has gone out whole, or says why not: `future<result<_, error-code>>`. */
  readonly transmitted: Promise<ErrorCodeResult<void>>

  constructor(contents: Body['contents'], trailers: TrailersFuture) {
    this.contents = contents
    this.trailers = trailers
    this.transmitted = new Promise((resolve) => {
      this.#sent = resolve
    })
  }

  /** For the host: the bytes, as they come. Ends the guest's stream when the reader leaves early. */
  async *bytes(): AsyncGenerator<Uint8Array> {
    try {
      if (this.contents === undefined) return
      if ('read' in this.contents) yield* guestBytes(this.contents)
      else yield* this.contents
    } finally {
      this.#sent?.({ tag: 'ok' })
    }
  }

  /** For the host: the trailers, once the body is finished; undefined when there are none. */
  async trailerList(): Promise<HttpFields | undefined> {
    const result = await this.trailers
    if (result.tag === 'err')
      throw new WeftError('internal', `the guest ended its body with ${result.val.tag}`)
    return result.val && Fields.sent(result.val)
  }

  /**
   * For the guest: `consume-body`. It tells in `result` how reading went; nobody here wants to know, but the guest's
   * write of it waits for a reader.
   */
  consume(result: PromiseLike<unknown>): [GuestStream | AsyncIterable<Uint8Array>, TrailersFuture] {
    void Promise.resolve(result).catch(() => {})
    return [this.contents ?? noBytes(), this.trailers]
  }
}

/** The bytes of a guest's stream as they come; it is dropped when they are no longer wanted. */
export async function* guestBytes(stream: GuestStream): AsyncGenerator<Uint8Array> {
  let finished = false
  try {
    while (!finished) {
      const { value, done, isCopy } = await stream.read({ count: readSize })
      finished = done
      const chunk = bytesFrom(value)
      if (chunk.length > 0) yield isCopy ? giveAway(chunk) : chunk
    }
  } finally {
    if (!finished) stream[Symbol.dispose]()
  }
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

function bytesFrom(value: unknown): Uint8Array {
  if (value === undefined) return new Uint8Array(0)
  if (value instanceof Uint8Array) return value
  if (typeof value === 'number') return Uint8Array.of(value)
  if (Array.isArray(value)) return Uint8Array.from(value)
  throw new WeftError('internal', `expected bytes from the guest's stream, got ${typeof value}`)
}
