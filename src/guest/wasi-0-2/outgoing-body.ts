import { GuestError } from '../../capability/guest-error.ts'
import type { HttpFields } from '../../capability/http.ts'
import type { Life } from '../../component/life.ts'
import { Settlement } from '../../component/settlement.ts'
import { WeftError } from '../../errors.ts'
import { Fields } from './fields.ts'
import { streamFailed } from './io-error.ts'
import { OutgoingBytes } from './outgoing-bytes.ts'
import { OutputStream } from './output-stream.ts'

type SizeError = 'HTTP-request-body-size' | 'HTTP-response-body-size'

/** The body of a message that goes out: there before the guest asks for it, as the message may be sent without one. */
export class OutgoingContent {
  readonly bytes: OutgoingBytes
  readonly life: Life
  readonly #trailers = new Settlement<HttpFields | undefined>()
  readonly #sizeError: SizeError
  readonly #length: number | undefined
  #taken = false

  constructor(headers: Fields, sizeError: SizeError, life: Life) {
    this.bytes = new OutgoingBytes(life)
    this.life = life
    this.#sizeError = sizeError
    this.#length = contentLength(headers)
  }

  get trailers(): Promise<HttpFields | undefined> {
    return this.#trailers.promise
  }

  take(): OutgoingBody {
    if (this.#taken) throw new GuestError(undefined)
    this.#taken = true
    this.bytes.check = (total) => (total > (this.#length ?? total) ? this.#tooLong(total) : undefined)
    return new OutgoingBody(this)
  }

  /** The message is sent: without a body when the guest has taken none by then. */
  sent(): void {
    if (this.#taken) return
    this.bytes.finish()
    this.#trailers.resolve(undefined)
  }

  finish(trailers: HttpFields | undefined): void {
    const { bytes } = this
    if (this.#length !== undefined && bytes.isOpen && bytes.written !== this.#length) {
      const code = { tag: this.#sizeError, val: BigInt(bytes.written) }
      this.fail(
        new WeftError('trapped', `the guest announced ${this.#length} bytes and wrote ${bytes.written}`),
      )
      throw new GuestError(code)
    }
    bytes.finish()
    this.#trailers.resolve(trailers)
  }

  /** Breaks off what is not finished; what is finished goes out whole. */
  fail(error: Error): void {
    this.bytes.fail(error)
    this.#trailers.reject(error)
  }

  #tooLong(total: number): GuestError {
    const message = `the content-length is ${this.#length}, this would be ${total} bytes`
    return streamFailed(message, { http: { tag: this.#sizeError, val: BigInt(total) } })
  }
}

/** `wasi:http/types` resource `outgoing-body`. */
export class OutgoingBody {
  readonly #content: OutgoingContent
  #taken = false

  constructor(content: OutgoingContent) {
    this.#content = content
  }

  write(): OutputStream {
    if (this.#taken) throw new GuestError(undefined)
    this.#taken = true
    return new OutputStream(this.#content.bytes, this.#content.life)
  }

  static finish(body: OutgoingBody, trailers: Fields | undefined): void {
    body.#content.finish(trailers && Fields.sent(trailers))
  }

  /** WASI: a body dropped without `finish` is one that broke off. */
  [Symbol.dispose](): void {
    this.#content.fail(new WeftError('trapped', 'the guest dropped its outgoing body without finishing it'))
  }
}

function contentLength(headers: Fields): number | undefined {
  const [value] = headers.get('content-length')
  if (value === undefined) return undefined
  const text = Buffer.from(value).toString('latin1')
  return /^\d+$/.test(text) ? Number(text) : undefined
}
