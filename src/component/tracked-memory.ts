import type { DataRange } from './data-segments.ts'
import { dirtyPageBits } from './instrument-helpers.ts'
import { dirtyPage, MemoryImage, wasmPage } from './memory-image.ts'

/** Of a memory when it is made, in pages of WebAssembly. */
export interface MemorySize {
  readonly initial: number
  readonly maximum: number
}

/** A store may begin on one page and end on the next: that many bytes beyond a marked page are restored, too. */
const longestStore = 16

/** A linear memory that knows which of its pages were written, so that it can be given back as it was. */
export class TrackedMemory {
  readonly memory: WebAssembly.Memory
  /** One byte for each 4096 of the memory: not 0 when they were written. The guest's code marks it, too. */
  readonly dirty: WebAssembly.Memory
  readonly #size: MemorySize
  readonly #marks: Uint8Array
  readonly #words: Int32Array
  /** The pages that were written before its marks were forgotten for the first time: by instantiating what owns it. */
  #first: readonly number[] | undefined
  #isTraced = true

  constructor(size: MemorySize) {
    const { initial, maximum } = size
    this.#size = size
    this.memory = new WebAssembly.Memory({ initial, maximum })
    const marks = Math.ceil((maximum * wasmPage) / dirtyPage / wasmPage)
    this.dirty = new WebAssembly.Memory({ initial: marks, maximum: marks })
    this.#marks = new Uint8Array(this.dirty.buffer)
    this.#words = new Int32Array(this.dirty.buffer)
  }

  /** The host writes `length` bytes at `start`. */
  readonly touched = (start: number, length: number): void => {
    if (length === 0) return
    const last = (start + length - 1) >>> dirtyPageBits
    for (let page = start >>> dirtyPageBits; page <= last; page++) this.#marks[page] = 1
  }

  /** Marks of the memory as large as it is now, four to a word. Those behind were never touched, and should stay so. */
  get #markedWords(): number {
    return Math.ceil(this.memory.buffer.byteLength / dirtyPage / 4)
  }

  /** Whether it was made with this size, and may take the place of a new one. */
  isLike({ initial, maximum }: MemorySize): boolean {
    return this.#size.initial === initial && this.#size.maximum === maximum
  }

  /** Instantiating a module is about to write here; undefined when nobody knows where. */
  receives(data: readonly DataRange[] | undefined): void {
    if (!data) this.#isTraced = false
    for (const { start, length } of data ?? []) this.touched(start, length)
  }

  /** Makes all of it zero, as if it were new but for its size; false when what was written is not known. */
  wipe(): boolean {
    if (!this.#isTraced) return false
    for (const page of this.#first ?? []) this.#marks[page] = 1
    this.#first = undefined
    this.restore(MemoryImage.empty)
    return true
  }

  /** The content as it is now; from here on only what is written later counts as dirty. */
  takeImage(): MemoryImage {
    const marked = this.#marked()
    this.forgetMarks()
    const bytes = new Uint8Array(this.memory.buffer)
    if (!this.#isTraced || !this.#first) return MemoryImage.of(bytes)
    // What was stored at the end of a page may reach into the next one.
    return MemoryImage.ofPages(
      bytes,
      new Set([...this.#first, ...marked].flatMap((page) => [page, page + 1])),
    )
  }

  /** What was written so far is how it begins. */
  begin(): void {
    this.#first = this.#marked()
    this.forgetMarks()
  }

  /** Nothing written so far counts. */
  forgetMarks(): void {
    this.#words.fill(0, 0, this.#markedWords)
  }

  /** Makes the content what it was when `image` was taken. */
  restore(image: MemoryImage): void {
    const bytes = new Uint8Array(this.memory.buffer)
    const words = this.#markedWords
    for (let word = 0; word < words; word++) {
      if (this.#words[word] === 0) continue
      for (let page = word * 4; page < word * 4 + 4; page++) {
        if (this.#marks[page] === 0) continue
        image.restore(bytes, page)
        if (this.#marks[page + 1] === 0) image.restoreHead(bytes, page + 1, longestStore)
      }
      this.#words[word] = 0
    }
  }

  #marked(): readonly number[] {
    const pages: number[] = []
    const words = this.#markedWords
    for (let word = 0; word < words; word++) {
      if (this.#words[word] === 0) continue
      for (let page = word * 4; page < word * 4 + 4; page++) if (this.#marks[page] !== 0) pages.push(page)
    }
    return pages
  }
}
