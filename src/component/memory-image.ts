import { dirtyPageBits } from './instrument-helpers.ts'

/** Bytes of what is marked as written, and restored. */
export const dirtyPage = 1 << dirtyPageBits
export const wasmPage = 65_536
const zeroes = Buffer.alloc(wasmPage)

/** What a linear memory held at some moment. Most of a memory is zeroes, which cost nothing here. */
export class MemoryImage {
  /** By page of 4096 bytes: its bytes, unless they are all zero. */
  readonly #pages: readonly (Uint8Array | undefined)[]

  /** Of a memory that is all zeroes. */
  static readonly empty = new MemoryImage([])

  private constructor(pages: readonly (Uint8Array | undefined)[]) {
    this.#pages = pages
  }

  /** Of a memory of which it is not known where it was written. */
  static of(memory: Uint8Array): MemoryImage {
    const written: number[] = []
    for (let block = 0; block < memory.length; block += wasmPage) {
      if (isZero(memory.subarray(block, block + wasmPage))) continue
      for (let start = block; start < block + wasmPage; start += dirtyPage)
        written.push(start >>> dirtyPageBits)
    }
    return MemoryImage.ofPages(memory, written)
  }

  /** Of a memory that was written nowhere but in these pages: looking at others would have the system give it them. */
  static ofPages(memory: Uint8Array, numbers: Iterable<number>): MemoryImage {
    const pages: (Uint8Array | undefined)[] = []
    for (const number of numbers) {
      const start = number << dirtyPageBits
      const page = memory.subarray(start, start + dirtyPage)
      if (!isZero(page)) pages[number] = page.slice()
    }
    return new MemoryImage(pages)
  }

  /** Bytes that it takes. */
  get size(): number {
    return this.#pages.reduce((sum, page) => sum + (page?.length ?? 0), 0)
  }

  /** Makes page `number` of `memory` what it was. */
  restore(memory: Uint8Array, number: number): void {
    const start = number << dirtyPageBits
    const page = this.#pages[number]
    if (page) memory.set(page, start)
    else memory.fill(0, start, start + dirtyPage)
  }

  /** The same for the first bytes of a page, where there is one. */
  restoreHead(memory: Uint8Array, number: number, length: number): void {
    const start = number << dirtyPageBits
    if (start >= memory.length) return
    const page = this.#pages[number]
    for (let at = 0; at < length; at++) memory[start + at] = page?.[at] ?? 0
  }
}

function isZero(bytes: Uint8Array): boolean {
  return Buffer.compare(bytes, zeroes.subarray(0, bytes.length)) === 0
}
