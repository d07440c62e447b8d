/** Counts what is under way, and tells when nothing is. */
export class Count {
  #count = 0
  #waiting: (() => void)[] = []

  up(): void {
    this.#count += 1
  }

  down(): void {
    this.#count -= 1
    if (this.#count > 0) return
    for (const tell of this.#waiting.splice(0)) tell()
  }

  /** Resolves when nothing is under way. */
  async zero(): Promise<void> {
    while (this.#count > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}
