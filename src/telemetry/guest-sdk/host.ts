/**
 * The functions of `wasi:otel@0.2.0-rc.2` as a JavaScript guest imports them, and the clock beside them. Nothing in this
 * folder needs anything at run time but these: it runs in QuickJS and StarlingMonkey alike.
 */
export interface OtelHost {
  /** `wasi:otel/tracing`; either name of the context function will do. */
  readonly tracing: {
    onStart(context: HostSpanContext): void
    onEnd(span: object): void
    outerSpanContext?(): HostSpanContext
    currentSpanContext?(): HostSpanContext
  }
  /** `wasi:otel/metrics`; left out, measurements go nowhere. */
  readonly metrics?: { export(metrics: object): void }
  /** `wasi:otel/logs`; left out, records go nowhere. */
  readonly logs?: { onEmit(record: object): void }
  /** `wasi:clocks/wall-clock`. */
  readonly clock: { now(): HostTime }
}

export interface HostSpanContext {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: { readonly sampled?: boolean }
  readonly isRemote: boolean
  readonly traceState: readonly (readonly [string, string])[]
}

/** `datetime`: an engine gives `u64` as a bigint or as a number, and wants it back the same way. */
export interface HostTime {
  readonly seconds: bigint | number
  readonly nanoseconds: number
}

export interface HostKeyValue {
  readonly key: string
  readonly value: string
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** An attribute value as the JSON text that `wasi:otel` wants; undefined for what OpenTelemetry has no value for. */
export function jsonFromValue(value: unknown): string | undefined {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : JSON.stringify(String(value))
  if (value instanceof Uint8Array)
    return JSON.stringify(`data:application/octet-stream;base64,${base64(value)}`)
  if (Array.isArray(value)) {
    const items = value.map(jsonFromValue).filter((item) => item !== undefined)
    return `[${items.join(',')}]`
  }
  if (typeof value !== 'object' || value === null) return undefined
  const pairs = Object.entries(value).flatMap(([key, item]) => {
    const text = jsonFromValue(item)
    return text === undefined ? [] : [`${JSON.stringify(key)}:${text}`]
  })
  return `{${pairs.join(',')}}`
}

export function keyValues(attributes: object = {}): HostKeyValue[] {
  return Object.entries(attributes).flatMap(([key, value]) => {
    const text = jsonFromValue(value)
    return text === undefined ? [] : [{ key, value: text }]
  })
}

function base64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b, c] = bytes.subarray(at, at + 3)
    const bits = (a << 16) | ((b ?? 0) << 8) | (c ?? 0)
    const four = [18, 12, 6, 0].map((shift) => digits[(bits >> shift) & 63])
    text += four[0] ?? ''
    text += four[1] ?? ''
    text += b === undefined ? '=' : four[2]
    text += c === undefined ? '=' : four[3]
  }
  return text
}
