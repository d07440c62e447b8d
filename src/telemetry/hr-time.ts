import type { HrTime } from '@opentelemetry/api'

/** Milliseconds since the epoch, with fractions, as OpenTelemetry's pair of seconds and nanoseconds. */
export function hrTimeFromMs(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000)
  const nanos = Math.round((ms - seconds * 1000) * 1e6)
  return nanos >= 1e9 ? [seconds + 1, nanos - 1e9] : [seconds, nanos]
}
