const longestText = 200
const longestBytes = 32
const mostItems = 16
const deepest = 6

/** A value as JSON for people to look at: what is long or deep is cut, streams are named and not touched. */
export function briefValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'string')
    return value.length > longestText ? `${value.slice(0, longestText)}… (${value.length})` : value
  if (typeof value !== 'object' || value === null) return value ?? null
  if (value instanceof Uint8Array && value.length > longestBytes) return `(${value.length} bytes)`
  if (value instanceof Promise) return '(future)'
  if (Symbol.asyncIterator in value) return '(stream)'
  if (depth >= deepest) return '…'
  if (Symbol.iterator in value) return briefList(value as Iterable<unknown>, depth)
  const entries = Object.entries(value).slice(0, mostItems)
  return Object.fromEntries(entries.map(([key, item]) => [key, briefValue(item, depth + 1)]))
}

function briefList(items: Iterable<unknown>, depth: number): unknown[] {
  const brief: unknown[] = []
  for (const item of items) {
    if (brief.length === longestBytes) return [...brief, '…']
    brief.push(briefValue(item, depth + 1))
  }
  return brief
}
