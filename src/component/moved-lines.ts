import type { LineRow } from './dwarf-lines.ts'

type MovedRow = { -readonly [Part in keyof LineRow]: LineRow[Part] }

/** Follows the rows of a line table to where the code that they speak of is written. */
export class MovedLines {
  /** Rows with their new addresses: offsets in the code section's content, after `move` in the module. */
  readonly moved: MovedRow[] = []
  readonly #rows: readonly LineRow[]
  readonly #codeStart: number
  #next = 0
  /** Where the rows begin that the body under way has. */
  #body = 0

  /** The rows by address; `codeStart` is where the code section's content begins in the module as it was. */
  constructor(rows: readonly LineRow[], codeStart: number) {
    this.#rows = rows
    this.#codeStart = codeStart
  }

  /** The instruction that stood at `start` in the module goes to `to` in the code of its body. */
  reach(start: number, to: number): void {
    for (;;) {
      const row = this.#rows[this.#next]
      if (!row || row.address + this.#codeStart > start) return
      this.moved.push({ ...row, address: to })
      this.#next++
    }
  }

  /** So many bytes stand before the code of the body under way. */
  endBody(before: number): void {
    this.#shift(this.#body, before)
  }

  /** That body stands at `at` in the section's content. */
  place(at: number): void {
    this.#shift(this.#body, at)
    this.#body = this.moved.length
  }

  /** The section's content stands at `at` in the module. */
  move(at: number): void {
    this.#shift(0, at)
  }

  #shift(from: number, by: number): void {
    for (let index = from; index < this.moved.length; index++) {
      const row = this.moved[index]
      if (row) row.address += by
    }
  }
}
