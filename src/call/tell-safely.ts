/** Calls what must not throw; where it does, the process warns of it, and nobody else is the worse for it. */
export function tellSafely(tell: () => void): void {
  try {
    tell()
  } catch (thrown) {
    process.emitWarning(thrown instanceof Error ? thrown : String(thrown))
  }
}
