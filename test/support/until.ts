import { setTimeout as delay } from 'node:timers/promises'

const pollMs = 10
const defaultTimeoutMs = 5_000

/** Waits until `check` gives something true, and gives it back; an error tells after how long it gave up. */
export async function until<T>(
  check: () => T | Promise<T>,
  options: { readonly timeoutMs?: number; readonly what?: string } = {},
): Promise<NonNullable<T>> {
  const { timeoutMs = defaultTimeoutMs, what = String(check) } = options
  const end = performance.now() + timeoutMs
  for (;;) {
    const value = await check()
    if (value) return value
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await delay(pollMs)
  }
}
