/** Reads `value[name]` of a value whose shape is not known; undefined when there is no such field. Never throws. */
export function field(value: unknown, name: string): unknown {
  return hasFields(value) ? value[name] : undefined
}

/** The same, when only a string will do. */
export function stringField(value: unknown, name: string): string | undefined {
  const found = field(value, name)
  return typeof found === 'string' ? found : undefined
}

// Asked of every answer, so the names are written out: V8 finds them sooner.

/** The case of a WIT `variant` or `result`. */
export function tagOf(value: unknown): string | undefined {
  const tag = hasFields(value) ? value['tag'] : undefined
  return typeof tag === 'string' ? tag : undefined
}

/** What such a case holds. */
export function valOf(value: unknown): unknown {
  return hasFields(value) ? value['val'] : undefined
}

/** The `status` of an HTTP response. */
export function statusOf(value: unknown): number | undefined {
  const status = hasFields(value) ? value['status'] : undefined
  return typeof status === 'number' ? status : undefined
}

function hasFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
