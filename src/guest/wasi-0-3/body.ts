import {
  type HttpErrorCode,
  type HttpFields,
  type HttpRequest,
  noBody,
  noTrailers,
} from '../../capability/http.ts'
import { Settlement } from '../../component/settlement.ts'
import { WeftError } from '../../errors.ts'
import { giveAway } from '../../given-bytes.ts'
import { httpErrorFrom } from '../wasi-0-2/http-error.ts'
import { WatchedBody } from '../watched-body.ts'
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

const noneCame: TrailersFuture = Promise.resolve({ tag: 'ok' })

function receivedTrailers(trailers: Promise<HttpFields | undefined>): TrailersFuture {
  return trailers.then(
    (list) => ({ tag: 'ok', val: list && Fields.received(list) }) as const,
    () => ({ tag: 'err', val: { tag: 'connection-terminated' } }) as const,
  )
}

/** Bytes asked of the guest at a time. */
const readSize = 65_536

/** A body: what the guest gave, or what came in from outside. It can be taken once. */
export class Body {
  readonly contents: GuestStream | AsyncIterable<Uint8Array> | undefined
  readonly trailers: TrailersFuture
  readonly #transmitted = new Settlement<ErrorCodeResult<void>>()

  constructor(contents: Body['contents'], trailers: TrailersFuture) {
    this.contents = contents
    this.trailers = trailers
  }

  /** What came in from outside. A stream tells no failure: that a body broke off is told where its trailers would be. */
  static received({ body, trailers }: Pick<HttpRequest, 'body' | 'trailers'>): Body {
    const came = trailers === noTrailers ? noneCame : receivedTrailers(trailers)
    if (body === noBody) return new Body(body, came)
    const bytes = new ReceivedBytes(body)
    return new Body(
      bytes,
      bytes.end.promise.then((end) => (end.tag === 'err' ? end : came)),
    )
  }

  /** Settles when the body has gone out whole, or says why not: `future<result<_, error-code>>`. */
  get transmitted(): Promise<ErrorCodeResult<void>> {
    return this.#transmitted.promise
  }

  /** For the host: the bytes, as they come, and when they are over. The guest's stream ends when the reader leaves early. */
  sent(signal?: AbortSignal): WatchedBody {
    const sent = new WatchedBody(this.contents === undefined ? noBody : bytesOf(this.contents), signal)
    sent.over.then(
      () => this.#transmitted.resolve({ tag: 'ok' }),
      (reason: unknown) => this.#transmitted.resolve({ tag: 'err', val: httpErrorFrom(reason) }),
    )
    return sent
  }

  /** For the host: the trailers, once the body is finished; undefined when there are none. */
  trailerList(): Promise<HttpFields | undefined> {
    const list = sentTrailers(this.trailers)
    // Nobody asks for those of a body that was left early.
    list.catch(() => {})
    return list
  }

  /**
   * For the guest: `consume-body`. It tells in `result` how reading went; nobody here wants to know, but the guest's
   * write of it waits for a reader.
   */
  consume(result: PromiseLike<unknown>): [GuestStream | AsyncIterable<Uint8Array>, TrailersFuture] {
    void Promise.resolve(result).catch(() => {})
    return [this.contents ?? noBody, this.trailers]
  }
}

async function sentTrailers(trailers: TrailersFuture): Promise<HttpFields | undefined> {
  const result = await trailers
  if (result.tag === 'err') throw new WeftError('internal', `the guest ended its body with ${result.val.tag}`)
  return result.val && Fields.sent(result.val)
}

/** The bytes of a guest's stream as they come; it is dropped when they are no longer wanted. */
export function guestBytes(stream: GuestStream): AsyncIterable<Uint8Array> {
  return new GuestBytes(stream)
}

function bytesOf(contents: GuestStream | AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return 'read' in contents ? guestBytes(contents) : contents
}

const atEnd: IteratorResult<Uint8Array> = { done: true, value: undefined }

/** No generator: a body is most often one chunk, which would cost three turns with each. It is read once. */
class GuestBytes implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  readonly #stream: GuestStream
  #finished = false

  constructor(stream: GuestStream) {
    this.#stream = stream
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#finished) return Promise.resolve(atEnd)
    return this.#stream.read({ count: readSize }).then(({ value, done, isCopy }) => {
      this.#finished = done
      const chunk = bytesFrom(value)
      if (chunk.length > 0) return { done: false, value: isCopy ? giveAway(chunk) : chunk }
      return done ? atEnd : this.next()
    })
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    if (!this.#finished) this.#stream[Symbol.dispose]()
    this.#finished = true
    return { done: true, value: undefined }
  }
}

/** The bytes of a body that came in, and how they ended: well, also when somebody wanted no more of them, or by what. */
class ReceivedBytes implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  readonly end = new Settlement<ErrorCodeResult<never>>()
  readonly #chunks: AsyncIterator<Uint8Array>

  constructor(body: AsyncIterable<Uint8Array>) {
    this.#chunks = body[Symbol.asyncIterator]()
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    try {
      const step = await this.#chunks.next()
      if (step.done) this.end.resolve({ tag: 'ok' })
      return step
    } catch (error) {
      this.end.resolve({ tag: 'err', val: httpErrorFrom(error) })
      throw error
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.end.resolve({ tag: 'ok' })
    await this.#chunks.return?.()
    return { done: true, value: undefined }
  }
}

const nothing = new Uint8Array(0)

function bytesFrom(value: unknown): Uint8Array {
  if (value === undefined) return nothing
  if (value instanceof Uint8Array) return value
  if (typeof value === 'number') return Uint8Array.of(value)
  if (Array.isArray(value)) return Uint8Array.from(value)
  throw new WeftError('internal', `expected bytes from the guest's stream, got ${typeof value}`)
}
