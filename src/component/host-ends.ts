import { WeftError } from '../errors.ts'
import { free } from '../given-bytes.ts'
import { copyResult, type Destination, type Elements, type Source, Transfer } from './transfer.ts'

/** A stream that a guest gave to the host: read it, iterate over its chunks, or drop it. It can be read once. */
export class GuestStream implements AsyncIterable<Elements> {
  readonly #transfer: Transfer
  readonly #isBytes: boolean
  #taken = false

  constructor(transfer: Transfer, isBytes: boolean) {
    this.#transfer = transfer
    this.#isBytes = isBytes
  }

  /** The next elements, at most `count`; `done` when there are no more, `isCopy` when nothing else refers to them. */
  read({
    count,
  }: {
    readonly count: number
  }): Promise<{ readonly value: Elements | undefined; readonly done: boolean; readonly isCopy: boolean }> {
    this.#taken = true
    return new Promise((resolve) => {
      let value: Elements | undefined
      let isCopy = false
      const destination = {
        room: count,
        put(elements: Elements, from: Source) {
          value = elements
          isCopy = from.copies === true
          destination.room = 0
        },
      }
      this.#transfer.read(destination, (result) =>
        resolve({ value, isCopy, done: result !== copyResult.completed }),
      )
    })
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Elements> {
    try {
      for (;;) {
        const { value, done } = await this.read({ count: chunkSize })
        if (value !== undefined && value.length > 0) yield value
        if (done) return
      }
    } finally {
      this[Symbol.dispose]()
    }
  }

  /** A read that still waits ends here, without elements. */
  [Symbol.dispose](): void {
    this.#transfer.cancelRead()
    this.#transfer.dropReader()
  }

  /** The middle of the stream, to hand it on to another guest as it is; undefined once the host has read of it. */
  handOn(): Transfer | undefined {
    const isWhole = !this.#taken
    this.#taken = true
    return isWhole ? this.#transfer : undefined
  }

  get isBytes(): boolean {
    return this.#isBytes
  }
}

/** Elements that the host asks of a guest at a time. */
const chunkSize = 65_536

/** The value of a future that a guest gave to the host; rejects when the guest drops it unwritten. */
export function guestFuture(transfer: Transfer): Promise<unknown> {
  const value = new Promise<unknown>((resolve, reject) => {
    const destination = {
      room: 1,
      put(elements: Elements) {
        destination.room = 0
        resolve(elements[0])
      },
    }
    transfer.read(destination, (result) => {
      if (result !== copyResult.completed)
        reject(new WeftError('trapped', 'the guest dropped a future without a value'))
    })
  })
  // Nobody may care for it.
  value.catch(() => {})
  return value
}

/** The middle of a stream whose chunks come from the host; it is pulled when the guest reads. */
export function hostStream(chunks: AsyncIterable<Elements> | Iterable<Elements>): Transfer {
  const transfer = new Transfer()
  const iterator = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]()
  let rest: Elements | undefined
  /** The last chunk as it came, unless somebody keeps some of it. */
  let whole: Elements | undefined
  let pulling = false
  const offer = () => {
    if (rest === undefined || rest.length === 0) return false
    const elements = rest
    let at = 0
    // No getter: each object that is made with one is made by the engine's slow path.
    const source = {
      left: elements.length,
      take(count: number, to: Destination) {
        at += count
        source.left -= count
        if (!to.copies) whole = undefined
        return elements instanceof Uint8Array
          ? elements.subarray(at - count, at)
          : elements.slice(at - count, at)
      },
    }
    transfer.write(source, () => {
      rest =
        at < elements.length
          ? elements instanceof Uint8Array
            ? elements.subarray(at)
            : elements.slice(at)
          : undefined
      if (rest === undefined && whole instanceof Uint8Array) free(whole)
    })
    return true
  }
  const pull = async () => {
    if (pulling || offer()) return
    pulling = true
    try {
      const step = await iterator.next()
      pulling = false
      if (step.done) return transfer.dropWriter()
      rest = step.value
      whole = rest
      if (!offer()) await pull()
    } catch {
      // A stream of the component model has no errors: its end comes early, and a future beside it says why.
      transfer.dropWriter()
    }
  }
  transfer.onWanted = () => void pull()
  transfer.onReaderGone = () => {
    rest = undefined
    void Promise.resolve(iterator.return?.()).catch(() => {})
  }
  return transfer
}

/** The middle of a future whose value comes from the host. */
export function hostFuture(value: PromiseLike<unknown> | unknown): Transfer {
  const transfer = new Transfer()
  Promise.resolve(value).then(
    (settled) => {
      const source = {
        left: 1,
        take() {
          source.left = 0
          return [settled]
        },
      }
      transfer.write(source, () => {})
    },
    () => transfer.dropWriter(),
  )
  return transfer
}
