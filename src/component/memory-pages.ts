import { WeftError } from '../errors.ts'
import { wasmPage } from './memory-image.ts'

/** 4 GiB, which a 32-bit memory can't exceed. */
const mostPages = 65_536

/** Counts the pages of all memories of one instance as its guest sees them; together they stay within a limit. */
export class MemoryPages {
  /** The most that one of them may have. */
  readonly most: number
  readonly #memoryBytes: number
  readonly #sizes: number[] = []

  constructor(memoryBytes: number) {
    this.#memoryBytes = memoryBytes
    this.most = Math.min(Math.floor(memoryBytes / wasmPage), mostPages)
  }

  /**
   * A memory is about to be made that begins with so many pages and has `maximum` at most. Gives the function that is asked
   * before it grows: 0 for no.
   */
  begin(initial: number, maximum: number): (by: number) => number {
    const number = this.#sizes.push(initial) - 1
    if (this.#sum() > this.#limit()) throw this.#beyond()
    return (by) => {
      const wanted = (this.#sizes[number] ?? 0) + (by >>> 0)
      // What its own type forbids fails by itself, and takes nothing from the others.
      if (wanted > maximum) return 1
      if (this.#sum() + (by >>> 0) > this.#limit()) return 0
      this.#sizes[number] = wanted
      return 1
    }
  }

  get sizes(): readonly number[] {
    return [...this.#sizes]
  }

  restore(sizes: readonly number[]): void {
    for (const [index, size] of sizes.entries()) this.#sizes[index] = size
  }

  #limit(): number {
    return Math.floor(this.#memoryBytes / wasmPage)
  }

  #sum(): number {
    return this.#sizes.reduce((sum, size) => sum + size, 0)
  }

  #beyond(): WeftError {
    const message = `the component begins with ${this.#sum() * wasmPage} bytes of memory, its limit is ${this.#memoryBytes}`
    return new WeftError('exhausted', message, { limit: 'memory' })
  }
}
