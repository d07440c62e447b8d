import { GuestError } from '../../capability/guest-error.ts'
import type { HttpErrorCode, HttpFields } from '../../capability/http.ts'
import { Fields } from './fields.ts'
import { httpErrorFrom } from './http-error.ts'
import { IncomingBytes } from './incoming-bytes.ts'
import { InputStream } from './input-stream.ts'
import { Pollable } from './pollable.ts'
import { type Taken, TakenOnce } from './taken-once.ts'

/** What both messages that come in consist of behind their headers. */
export interface IncomingContent {
  readonly body: AsyncIterable<Uint8Array>
  readonly trailers: Promise<HttpFields | undefined>
}

/** `wasi:http/types` resource `incoming-body`. */
export class IncomingBody {
  readonly #bytes: IncomingBytes
  readonly #trailers: Promise<HttpFields | undefined>
  readonly #signal: AbortSignal
  #stream: 'untaken' | 'taken' | 'dropped' = 'untaken'
  #dropped = false

  constructor(content: IncomingContent, signal: AbortSignal) {
    this.#bytes = new IncomingBytes(content.body, signal)
    this.#trailers = content.trailers
    this.#signal = signal
  }

  stream(): InputStream {
    if (this.#stream !== 'untaken') throw new GuestError(undefined)
    this.#stream = 'taken'
    const bytes = this.#bytes
    return new InputStream(
      {
        isReady: () => bytes.isReady(),
        onChange: (wake) => bytes.onChange(wake),
        take: (most) => bytes.take(most),
        keep: () => bytes.keep(),
        release: () => {
          this.#stream = 'dropped'
          if (this.#dropped) bytes.cancel()
        },
      },
      this.#signal,
    )
  }

  static finish(body: IncomingBody): FutureTrailers {
    return new FutureTrailers(body.#bytes, body.#trailers, body.#signal)
  }

  /** For the host: the sender is told that nobody reads on. */
  static hangUp(body: IncomingBody): void {
    body.#bytes.cancel()
  }

  /** A guest may drop the body before its stream: the last of them hangs up. */
  [Symbol.dispose](): void {
    this.#dropped = true
    if (this.#stream !== 'taken') this.#bytes.cancel()
  }
}

type TrailersResult =
  | { readonly tag: 'ok'; readonly val: Fields | undefined }
  | { readonly tag: 'err'; readonly val: HttpErrorCode }

/** `wasi:http/types` resource `future-trailers`: what the guest left unread of the body is read and dropped for it. */
export class FutureTrailers {
  readonly #bytes: IncomingBytes
  readonly #signal: AbortSignal
  readonly #result: TakenOnce<TrailersResult>

  constructor(bytes: IncomingBytes, trailers: Promise<HttpFields | undefined>, signal: AbortSignal) {
    this.#bytes = bytes
    this.#signal = signal
    this.#result = new TakenOnce(() => receiveTrailers(bytes, trailers))
  }

  subscribe(): Pollable {
    return new Pollable(this.#result, this.#signal)
  }

  get(): Taken<TrailersResult> | undefined {
    return this.#result.take()
  }

  [Symbol.dispose](): void {
    this.#bytes.cancel()
  }
}

async function receiveTrailers(
  bytes: IncomingBytes,
  trailers: Promise<HttpFields | undefined>,
): Promise<TrailersResult> {
  try {
    await bytes.drain()
    const list = await trailers
    return { tag: 'ok', val: list && Fields.received(list) }
  } catch (thrown) {
    return { tag: 'err', val: httpErrorFrom(thrown) }
  }
}
