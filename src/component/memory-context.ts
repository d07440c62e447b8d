import { WeftError } from '../errors.ts'
import type { Borrows } from './borrows.ts'
import type { HandleTable } from './handle-table.ts'
import type { CanonOptions } from './program.ts'

/** What a codec needs of the component instance whose memory it reads or writes. */
export class MemoryContext {
  readonly encoding: CanonOptions['encoding']
  readonly handles: HandleTable
  /** The call between two component instances whose values are passed at this moment. */
  borrows: Borrows | undefined
  #memory: WebAssembly.Memory | undefined
  #realloc: ((old: number, oldSize: number, align: number, size: number) => number) | undefined
  readonly #limits: ValueLimits
  #touched: ((start: number, length: number) => void) | undefined
  #bytes = new Uint8Array(0)
  #view = new DataView(this.#bytes.buffer)

  constructor(options: MemoryContextOptions) {
    this.encoding = options.encoding
    this.handles = options.handles
    this.#memory = options.memory
    this.#realloc = options.realloc
    this.#limits = options.limits
    this.#touched = options.touched
  }

  /** The whole memory; a guest's `memory.grow` makes the one before worthless, so never keep it. */
  get bytes(): Uint8Array {
    if (this.#bytes.length === 0) this.#refresh()
    return this.#bytes
  }

  get view(): DataView {
    if (this.#bytes.length === 0) this.#refresh()
    return this.#view
  }

  /** Checks that `length` bytes at `at` lie in memory and are aligned; gives back `at`. */
  range(at: number, length: number, align: number): number {
    if (at % align !== 0) throw new WebAssembly.RuntimeError(`a pointer is not aligned to ${align}`)
    if (at + length > this.bytes.length && at + length > this.#grown())
      throw new WebAssembly.RuntimeError('a pointer leads out of memory')
    if (length > this.#limits.bufferedBytes) throw this.#tooLong(length)
    return at
  }

  /** Room in the guest's memory for the host to write to. */
  allocate(size: number, align: number): number {
    if (size > this.#limits.bufferedBytes) throw this.#tooLong(size)
    if (!this.#realloc)
      throw new WebAssembly.RuntimeError('the component has no realloc for what it is given')
    const at = this.#realloc(0, 0, align, size) >>> 0
    if (at % align !== 0 || at + size > this.#grown())
      throw new WebAssembly.RuntimeError("the guest's realloc gave a pointer that leads out of memory")
    this.touched(at, size)
    return at
  }

  /** The host writes here. */
  touched(at: number, length: number): void {
    this.#touched?.(at, length)
  }

  /** The memory is of another instance from now on: whoever still reads or writes here is refused. */
  close(): void {
    this.#memory = undefined
    this.#realloc = undefined
    this.#touched = undefined
    this.#bytes = new Uint8Array(0)
    this.#view = new DataView(this.#bytes.buffer)
  }

  #tooLong(bytes: number): WeftError {
    const { bufferedBytes } = this.#limits
    const message = `a list of ${bytes} bytes crosses the component's border, its limit is ${bufferedBytes}`
    return new WeftError('exhausted', message, { limit: 'buffered' })
  }

  #grown(): number {
    this.#refresh()
    return this.#bytes.length
  }

  #refresh(): void {
    if (!this.#memory) throw new WebAssembly.RuntimeError('the component gave no memory to the function')
    const { buffer } = this.#memory
    if (this.#bytes.buffer === buffer) return
    this.#bytes = new Uint8Array(buffer)
    this.#view = new DataView(buffer)
  }
}

/** What one value may take. */
export interface ValueLimits {
  /** Bytes of a list or string that crosses the component's border. */
  readonly bufferedBytes: number
}

export interface MemoryContextOptions {
  readonly encoding: CanonOptions['encoding']
  readonly handles: HandleTable
  readonly memory: WebAssembly.Memory | undefined
  readonly realloc: ((old: number, oldSize: number, align: number, size: number) => number) | undefined
  readonly limits: ValueLimits
  /** Hears of every range that the host writes, so that a reset can undo it. */
  readonly touched?: (start: number, length: number) => void
}
