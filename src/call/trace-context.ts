import { randomFillSync } from 'node:crypto'

/** A span's identity as it travels: W3C Trace Context. Ids are lower-case hex, 32 and 16 characters. */
export interface TraceContext {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
  /** The `tracestate` header as it came; '' when there is none. */
  readonly traceState: string
}

const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const zeroTrace = '0'.repeat(32)
const zeroSpan = '0'.repeat(16)

/** Reads a `traceparent` (https://www.w3.org/TR/trace-context/); undefined when it is absent or not valid. */
export function parseTraceparent(header: string | undefined, traceState = ''): TraceContext | undefined {
  const match = header === undefined ? null : pattern.exec(header.trim())
  if (!match) return undefined
  const [, version = '', traceId = '', spanId = '', flags = '', rest] = match
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  if (traceId === zeroTrace || spanId === zeroSpan) return undefined
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1, traceState }
}

export function formatTraceparent(trace: TraceContext): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`
}

export function newTraceId(): string {
  return randomHex(32)
}

export function newSpanId(): string {
  return randomHex(16)
}

/**
 * The context of a sampled span that begins here. Its ids are there as 32-bit words too, the big end first: who writes many
 * spans need not read their text again.
 */
export class BegunSpan implements TraceContext {
  readonly traceId: string
  readonly spanId = newSpanId()
  readonly sampled = true
  readonly traceState: string
  readonly traceWords: readonly number[]
  readonly spanWords = latestWords()

  /** `trace` is what the span goes on with: its parent, or the trace that it begins. */
  constructor(trace: Pick<TraceContext, 'traceId' | 'traceState'>) {
    this.traceId = trace.traceId
    this.traceState = trace.traceState
    this.traceWords = trace instanceof BegunSpan ? trace.traceWords : wordsOf(trace.traceId)
  }
}

function wordsOf(hex: string): number[] {
  const words = [0, 0, 0, 0]
  for (let at = 0; at < hex.length; at += 1) {
    const code = hex.charCodeAt(at)
    words[at >> 3] = ((words[at >> 3] ?? 0) << 4) | (code < 58 ? code - 48 : code - 87)
  }
  return words
}

/** Asking for random bytes one id at a time would take longer than all else that a span costs. */
const poolBytes = 4096
const pool = { bytes: new DataView(new ArrayBuffer(poolBytes)), hex: '', at: 0 }

function randomHex(length: number): string {
  if (pool.at + length > pool.hex.length) {
    pool.hex = Buffer.from(randomFillSync(pool.bytes).buffer).toString('hex')
    pool.at = 0
  }
  pool.at += length
  return pool.hex.slice(pool.at - length, pool.at)
}

/** Those of the span id that was made last. */
function latestWords(): readonly number[] {
  const end = pool.at / 2
  return [pool.bytes.getInt32(end - 8), pool.bytes.getInt32(end - 4)]
}
