/** How often counts are handed on. */
const intervalMs = 1_000

/** Counts how often invocations of each component ended badly, and hands the counts on once a second. */
export function countOffences(onCounts: (counts: Readonly<Record<string, number>>) => void): {
  readonly add: (component: string) => void
  stop(): void
} {
  const counts = new Map<string, number>()
  const timer = setInterval(() => {
    if (counts.size === 0) return
    onCounts(Object.fromEntries(counts))
    counts.clear()
  }, intervalMs)
  return {
    add: (component) => void counts.set(component, (counts.get(component) ?? 0) + 1),
    stop: () => clearInterval(timer),
  }
}
