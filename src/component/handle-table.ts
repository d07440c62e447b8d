import { WeftError } from '../errors.ts'
import type { Borrows } from './borrows.ts'
import { Waitable } from './waitable.ts'

/** A resource handle as a guest holds it. */
export interface ResourceHandle {
  readonly resource: number
  /** The host's object, or a `GuestResource`. */
  readonly rep: unknown
  readonly own: boolean
  /** Borrows of it that are still in use. */
  lends: number
  /** The call that a borrowed one is lent for. */
  readonly borrows?: Borrows
}

/** A resource that a guest defines; `rep` is the guest's own number for it. */
export class GuestResource {
  readonly resource: number
  readonly rep: number

  constructor(resource: number, rep: number) {
    this.resource = resource
    this.rep = rep
  }
}

/** Anything that a guest knows by a number: resources, waitables, ends of streams. */
export type TableEntry = ResourceHandle | { readonly kind: string }

const none: readonly TableEntry[] = []

/**
 * The handles of one component instance. Numbers start at 1 and the last one freed is the first one used again, so that a
 * cleared table gives out the numbers that a new one would.
 */
export class HandleTable {
  readonly #entries: (TableEntry | undefined)[] = [undefined]
  readonly #free: number[] = []
  /** The component instance whose handles these are. */
  readonly owner: number
  readonly #most: number

  constructor(owner: number, most: number) {
    this.owner = owner
    this.#most = most
  }

  get size(): number {
    return this.#entries.length - 1 - this.#free.length
  }

  add(entry: TableEntry): number {
    const free = this.#free.pop()
    if (free !== undefined) {
      this.#entries[free] = entry
      return free
    }
    if (this.#entries.length > this.#most)
      throw new WeftError('exhausted', `the component holds ${this.#most} handles, which is its limit`, {
        limit: 'handles',
      })
    this.#entries.push(entry)
    return this.#entries.length - 1
  }

  get(index: number): TableEntry {
    const entry = this.#entries[index]
    if (!entry) throw new WebAssembly.RuntimeError(`the guest named handle ${index}, which it does not hold`)
    return entry
  }

  remove(index: number): TableEntry {
    const entry = this.get(index)
    this.#entries[index] = undefined
    this.#free.push(index)
    return entry
  }

  /** The resource handle `index`, which must be of this resource. */
  resource(index: number, resource: number): ResourceHandle {
    const entry = this.get(index)
    if ('rep' in entry && entry.resource === resource) return entry
    throw new WebAssembly.RuntimeError(`the guest named handle ${index} as another resource than it is`)
  }

  /** Whether a read, a write or a call that the guest began may still come back to its memory. */
  get hasUnfinished(): boolean {
    return this.#entries.some((entry) => entry instanceof Waitable && entry.isUnfinished)
  }

  /** Takes all out, as if new. */
  clear(): readonly TableEntry[] {
    const held = this.size === 0 ? none : this.#entries.filter((entry) => entry !== undefined)
    this.#entries.length = 1
    this.#free.length = 0
    return held
  }
}
