/** Something wrong at a place of the file. Lines and columns count from 1. */
export interface Problem {
  readonly line: number
  readonly column: number
  readonly message: string
}

/** Beyond this a file is not a manifest with mistakes, but not a manifest; nobody reads further. */
const mostProblems = 50

/** Collects what is wrong with one file; reading goes on after a problem so that all are told at once. */
export class Report {
  #problems: Problem[] = []
  #warnings: Problem[] = []
  #place: (offset: number) => { line: number; col: number }

  constructor(place: (offset: number) => { line: number; col: number }) {
    this.#place = place
  }

  /** The manifest can't be used. */
  problem(offset: number, message: string): void {
    if (this.#problems.length < mostProblems) this.#problems.push(this.at(offset, message))
  }

  /** The manifest can be used, but probably does not say what was meant. */
  warning(offset: number, message: string): void {
    if (this.#warnings.length < mostProblems) this.#warnings.push(this.at(offset, message))
  }

  get problems(): readonly Problem[] {
    return this.#problems.toSorted(byPlace)
  }

  get warnings(): readonly Problem[] {
    return this.#warnings.toSorted(byPlace)
  }

  /** A problem at its place, not kept. */
  at(offset: number, message: string): Problem {
    const { line, col } = this.#place(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1), message }
  }
}

/** In the order of the file. */
export function byPlace(a: Problem, b: Problem): number {
  return a.line - b.line || a.column - b.column
}
