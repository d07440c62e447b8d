import type { OtelHost } from './host.ts'

let made = 0

/**
 * Ids of `length` hex digits. A guest's own random numbers may be the same in every instance, for it starts from one
 * snapshot: the host's span and the clock make the difference.
 */
export function newId(host: OtelHost, length: 16 | 32): string {
  const { seconds, nanoseconds } = host.clock.now()
  const outer = (host.tracing.outerSpanContext ?? host.tracing.currentSpanContext)?.()
  made += 1
  const seed = `${outer?.traceId ?? ''}${outer?.spanId ?? ''}${seconds}.${nanoseconds}.${made}.${Math.random()}`
  let id = ''
  for (let part = 0; id.length < length; part++) id += hash(seed, part).toString(16).padStart(8, '0')
  return id
}

/** FNV-1a with the mixing of MurmurHash3 behind it: 32 bits. */
function hash(text: string, start: number): number {
  let value = 0x811c9dc5 ^ Math.imul(start + 1, 0x9e3779b1)
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
