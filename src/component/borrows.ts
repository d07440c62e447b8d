import type { ResourceHandle } from './handle-table.ts'

/** The handles that a call lends from one component instance to another; they come back when it is over. */
export class Borrows {
  /** Handles that the callee was given and has not dropped yet. */
  open = 0
  readonly #lent: ResourceHandle[] = []

  /** Until the call is over its owner may neither drop it nor give it away. */
  lend(entry: ResourceHandle): void {
    entry.lends++
    this.#lent.push(entry)
  }

  end(): void {
    for (const entry of this.#lent.splice(0)) entry.lends--
  }
}
