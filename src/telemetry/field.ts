/** Reads `value[name]` of a value whose shape is not known; undefined when there is no such field. Never throws. */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined
}

/** The same, when only a string will do. */
export function stringField(value: unknown, name: string): string | undefined {
  const found = field(value, name)
  return typeof found === 'string' ? found : undefined
}

/** The case of a WIT `variant` or `result`. Every answer is asked: V8 finds a field sooner whose name stands in the code. */
export function tagOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { tag } = value as { readonly tag?: unknown }
  return typeof tag === 'string' ? tag : undefined
}

/** What a case holds. */
export function valOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as { readonly val?: unknown }).val : undefined
}
