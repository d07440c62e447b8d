import { GuestError, guestError } from '../../capability/guest-error.ts'
import type { Life } from '../../component/life.ts'
import { WeftError } from '../../errors.ts'
import { OutgoingBytes } from '../wasi-0-2/outgoing-bytes.ts'
import { OutputStream } from '../wasi-0-2/output-stream.ts'
import type { StreamEnd } from './call-blobstore.ts'

/** Sends the bytes to their object; `written` says how that ended. In an object: it is not to be waited for at once. */
export type SendBytes = (
  bytes: AsyncIterable<Uint8Array>,
) => Promise<{ readonly written: Promise<StreamEnd> }>

/** `wasi:blobstore/types` resource `outgoing-value`: what a guest writes, on its way while it writes. */
export class OutgoingValue {
  readonly #bytes: OutgoingBytes
  readonly #life: Life
  #hasBody = false
  #written: Promise<StreamEnd> | undefined

  constructor(life: Life) {
    this.#bytes = new OutgoingBytes(life)
    this.#life = life
  }

  outgoingValueWriteBody(): OutputStream {
    if (this.#hasBody) throw guestError(undefined)
    this.#hasBody = true
    return new OutputStream(this.#bytes, this.#life)
  }

  /** The last bytes are written: waits until the object is there whole. */
  static async finish(value: OutgoingValue): Promise<void> {
    value.#bytes.finish()
    if (!value.#written) throw guestError('the value was finished before it was given to a container')
    const end = await value.#written
    if (end.tag === 'err') throw guestError(end.val)
  }

  /** For the host: a container takes the value. */
  async sendTo(send: SendBytes): Promise<void> {
    if (this.#written) throw guestError('the value was given to a container before')
    const sent = send(this.#bytes)
    this.#written = sent.then(({ written }) => written).catch(ended)
    try {
      await sent
    } catch (error) {
      // Nobody reads what the guest would write.
      this.#bytes.hangUp()
      throw error
    }
  }

  /** Dropped without `finish`: the object stays what it was. */
  [Symbol.dispose](): void {
    this.#bytes.fail(new WeftError('cancelled', 'the guest dropped the value without finishing it'))
  }
}

function ended(error: unknown): StreamEnd {
  const told = error instanceof GuestError && typeof error.payload === 'string' ? error.payload : undefined
  return { tag: 'err', val: told ?? WeftError.from(error).message }
}
