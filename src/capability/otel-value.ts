import type { AttributeLimits, OtelAttributes, OtelScope, OtelValue } from './otel.ts'

/** `wasi:otel/types` record `key-value`; `value` is JSON text. */
export interface WitKeyValue {
  readonly key: string
  readonly value: string
}

/** `wasi:otel/types` record `instrumentation-scope`. */
export interface WitScope {
  readonly name: string
  readonly version?: string | undefined
  readonly schemaUrl?: string | undefined
  readonly attributes: readonly WitKeyValue[]
}

/** `wasi:clocks/wall-clock` record `datetime`. */
export interface WitDatetime {
  readonly seconds: bigint
  readonly nanoseconds: number
}

const bytesPrefix = 'data:application/octet-stream;base64,'
/** Lists in lists; deeper is left out. */
const deepest = 8

/** Reads the JSON text of an AnyValue. Of what is longer than `limit` a text is cut; undefined for all else, and what is none. */
export function otelValueFrom(json: string, limit: number): OtelValue | undefined {
  if (json.length > limit) return cutText(json, limit)
  try {
    return valueFrom(JSON.parse(json, withNumberText), 0)
  } catch {
    return undefined
  }
}

/** The beginning of a text by its JSON, read no further than that; bytes can't be cut. */
function cutText(json: string, limit: number): string | undefined {
  if (!json.startsWith('"') || json.startsWith(`"${bytesPrefix}`)) return undefined
  // The cut may lie within an escape, of six characters at most.
  for (let end = limit + 1; end > Math.max(0, limit - 5); end--) {
    try {
      return String(JSON.parse(`${json.slice(0, end)}"`)).toWellFormed()
    } catch {}
  }
  return undefined
}

/** Attributes with what had to be left out: more than the limit, and values that are none. */
export function attributesFrom(
  pairs: readonly WitKeyValue[],
  limits: AttributeLimits,
): { readonly attributes: OtelAttributes; readonly dropped: number } {
  const attributes: Record<string, OtelValue> = {}
  let kept = 0
  for (const { key, value } of pairs) {
    if (kept >= limits.attributes) break
    const read =
      key.length > 0 && key.length <= limits.valueLength
        ? otelValueFrom(value, limits.valueLength)
        : undefined
    if (read === undefined) continue
    if (!Object.hasOwn(attributes, key)) kept++
    Object.defineProperty(attributes, key, {
      value: read,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return { attributes, dropped: pairs.length - kept }
}

export function scopeFrom(scope: WitScope, limits: AttributeLimits): OtelScope {
  const { attributes } = attributesFrom(scope.attributes, limits)
  return {
    name: scope.name.slice(0, limits.valueLength),
    ...(scope.version !== undefined && { version: scope.version.slice(0, limits.valueLength) }),
    ...(scope.schemaUrl !== undefined && { schemaUrl: scope.schemaUrl.slice(0, limits.valueLength) }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
  }
}

export function nanosFrom({ seconds, nanoseconds }: WitDatetime): bigint {
  return seconds * 1_000_000_000n + BigInt(nanoseconds)
}

/** Milliseconds with fractions. */
export function millisFrom({ seconds, nanoseconds }: WitDatetime): number {
  return Number(seconds) * 1000 + nanoseconds / 1_000_000
}

/** An id of `length` hex digits: short ones are padded; undefined when it is none, or zero. */
export function idFrom(id: string, length: number): string | undefined {
  const padded = id.toLowerCase().padStart(length, '0')
  return padded.length === length && /^[0-9a-f]+$/.test(padded) && /[^0]/.test(padded) ? padded : undefined
}

class NumberText {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** JSON makes no difference between 1 and 1.0, OpenTelemetry does: the text of a number decides. */
function withNumberText(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' && context?.source !== undefined ? new NumberText(context.source) : value
}

function valueFrom(value: unknown, depth: number): OtelValue | undefined {
  if (depth > deepest) return undefined
  if (typeof value === 'string') return textOrBytes(value)
  if (typeof value === 'boolean') return value
  if (value instanceof NumberText) return numberFrom(value.text)
  if (Array.isArray(value)) {
    const items = value.map((item) => valueFrom(item, depth + 1))
    return items.every((item) => item !== undefined) ? items : undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const pairs = Object.entries(value).map(
    ([key, item]: [string, unknown]) => [key, valueFrom(item, depth + 1)] as const,
  )
  return {
    map: Object.fromEntries(pairs.filter((pair): pair is [string, OtelValue] => pair[1] !== undefined)),
  }
}

function textOrBytes(value: string): OtelValue {
  if (!value.startsWith(bytesPrefix)) return value
  return new Uint8Array(Buffer.from(value.slice(bytesPrefix.length), 'base64'))
}

function numberFrom(text: string): OtelValue | undefined {
  if (/^-?\d+$/.test(text)) {
    const whole = BigInt(text)
    return BigInt.asIntN(64, whole) === whole ? whole : { double: Number(text) }
  }
  const double = Number(text)
  return Number.isFinite(double) ? { double } : undefined
}
