/** A duration for people: `412 µs`, `3.2 ms`, `1.48 s`, `2 min 5 s`. */
export function formatDuration(ms: number): string {
  if (ms < 0.9995) return `${Math.round(ms * 1000)} µs`
  if (ms < 999.5) return `${withDigits(ms)} ms`
  if (ms < 59_995) return `${withDigits(ms / 1000)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

// Three digits that matter, no zeros at the end.
function withDigits(value: number): string {
  return String(Number(value.toPrecision(3)))
}
