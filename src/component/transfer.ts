/** How a read or write of a stream or future ended (CanonicalABI.md, `CopyResult`). */
export const copyResult = { completed: 0, dropped: 1, cancelled: 2 } as const
export type CopyResult = (typeof copyResult)[keyof typeof copyResult]

/** Elements on their way: bytes of a `stream<u8>`, values of any other. */
export type Elements = Uint8Array | readonly unknown[]

/** Where a reader wants elements. */
export interface Destination {
  /** How many more it takes. */
  readonly room: number
  /** It keeps nothing of what it is given. */
  readonly copies?: true
  put(elements: Elements, from: Source): void
}

/** What a writer has. */
export interface Source {
  /** How many are left. */
  readonly left: number
  /** Nothing else refers to what it gives. */
  readonly copies?: true
  take(count: number, to: Destination): Elements
}

interface Pending<T> {
  readonly side: T
  readonly done: (result: CopyResult) => void
}

/**
 * The middle of a stream or future, where one reader and one writer meet: who comes first waits, and the second copies.
 * Each `done` is called once, possibly at once.
 */
export class Transfer {
  #reader: Pending<Destination> | undefined
  #writer: Pending<Source> | undefined
  #readerGone = false
  #writerGone = false
  /** Called when a reader waits and no writer is there: a host source starts then. */
  onWanted: (() => void) | undefined
  /** Called when the reader is gone. */
  onReaderGone: (() => void) | undefined

  get readerGone(): boolean {
    return this.#readerGone
  }

  read(side: Destination, done: (result: CopyResult) => void): void {
    const writer = this.#writer
    if (writer) {
      if (writer.side.left > 0) {
        if (side.room > 0) {
          copy(writer.side, side)
          this.#writer = undefined
          writer.done(copyResult.completed)
        }
        done(copyResult.completed)
        return
      }
      // An empty write only asks whether somebody reads.
      this.#writer = undefined
      writer.done(copyResult.completed)
    }
    if (this.#writerGone) done(copyResult.dropped)
    else {
      this.#reader = { side, done }
      this.onWanted?.()
    }
  }

  write(side: Source, done: (result: CopyResult) => void): void {
    if (this.#readerGone) {
      done(copyResult.dropped)
      return
    }
    const reader = this.#reader
    if (reader) {
      if (reader.side.room > 0) {
        if (side.left > 0) {
          copy(side, reader.side)
          this.#reader = undefined
          reader.done(copyResult.completed)
        }
        done(copyResult.completed)
        return
      }
      this.#reader = undefined
      reader.done(copyResult.completed)
    }
    this.#writer = { side, done }
  }

  /** True when there was a read to cancel. */
  cancelRead(): boolean {
    const reader = this.#reader
    this.#reader = undefined
    reader?.done(copyResult.cancelled)
    return reader !== undefined
  }

  /** True when there was a write to cancel. */
  cancelWrite(): boolean {
    const writer = this.#writer
    this.#writer = undefined
    writer?.done(copyResult.cancelled)
    return writer !== undefined
  }

  dropReader(): void {
    if (this.#readerGone) return
    this.#readerGone = true
    // The memory that it wanted elements in may be another's by the time that they come.
    this.#reader = undefined
    const writer = this.#writer
    this.#writer = undefined
    writer?.done(copyResult.dropped)
    this.onReaderGone?.()
  }

  dropWriter(): void {
    if (this.#writerGone) return
    this.#writerGone = true
    this.#writer = undefined
    const reader = this.#reader
    this.#reader = undefined
    reader?.done(copyResult.dropped)
  }
}

function copy(from: Source, to: Destination): void {
  to.put(from.take(Math.min(from.left, to.room), to), from)
}
