/** What threads have said last of themselves and of their providers, by the index of the thread. */
export class ThreadReports {
  readonly #busy = new Map<number, number>()
  readonly #problems = new Map<string, Map<number, string>>()

  /** The share of the last second that a thread was at work: 0 to 1. */
  busyOf(index: number): number {
    return this.#busy.get(index) ?? 0
  }

  /** What is wrong with a provider on some thread; undefined when it is well. */
  problemOf(provider: string): string | undefined {
    return this.#problems.get(provider)?.values().next().value
  }

  busy(index: number, share: number): void {
    this.#busy.set(index, share)
  }

  /** Without a problem it is well there. */
  health(
    index: number,
    { provider, problem }: { readonly provider: string; readonly problem?: string },
  ): void {
    const problems = this.#problems.get(provider) ?? new Map<number, string>()
    if (problem === undefined) problems.delete(index)
    else problems.set(index, problem)
    if (problems.size === 0) this.#problems.delete(provider)
    else this.#problems.set(provider, problems)
  }

  /** The thread is gone, and what it said with it. */
  forget(index: number): void {
    this.#busy.delete(index)
    for (const problems of this.#problems.values()) problems.delete(index)
  }
}
