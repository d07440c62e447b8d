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
/** Of 32 bits. */
const wordDigits = 8

/** W3C asks for 512 characters at least; each span is bigger by as many. */
const longestTraceState = 4096
const mostMembers = 32
const member = /^([a-z0-9][a-z0-9_\-*/@]{0,255})=[ -+\--<>-~]{0,255}[!-+\--<>-~]$/

/**
 * Reads a `traceparent` (https://www.w3.org/TR/trace-context/); undefined when it is absent or not valid. A `tracestate` that
 * is not valid or too long is left out.
 */
export function parseTraceparent(header: string | undefined, traceState = ''): TraceContext | undefined {
  const match = header === undefined ? null : pattern.exec(header.trim())
  if (!match) return undefined
  const [, version = '', traceId = '', spanId = '', flags = '', rest] = match
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  if (traceId === zeroTrace || spanId === zeroSpan) return undefined
  return {
    traceId,
    spanId,
    sampled: (Number.parseInt(flags, 16) & 1) === 1,
    traceState: isTraceState(traceState) ? traceState : '',
  }
}

function isTraceState(text: string): boolean {
  if (text === '') return true
  if (text.length > longestTraceState) return false
  const members = text.split(',').map((one) => one.trim())
  const keys = members.filter(Boolean).map((one) => member.exec(one)?.[1])
  return keys.length <= mostMembers && !keys.includes(undefined) && new Set(keys).size === keys.length
}

export function formatTraceparent(trace: TraceContext): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`
}

export function newTraceId(): string {
  return TraceId.new().hex
}

export function newSpanId(): string {
  return hexOf(randomWord(), randomWord())
}

/**
 * A trace's id. Few ask for its text where it was made, and for its bytes where it came in, and of one that is not sampled
 * nobody asks but a sampler, for one of its words: each is made when somebody asks. Spans of one trace on one thread share it.
 */
export class TraceId {
  #hex: string | undefined
  #first: number | undefined
  #second: number | undefined
  #third: number | undefined
  #fourth: number | undefined

  private constructor(hex: string | undefined) {
    this.#hex = hex
  }

  /** A new one; `third` is its third word where that was drawn already. */
  static new(third?: number): TraceId {
    const id = new TraceId(undefined)
    id.#third = third
    return id
  }

  /** Of 32 lower-case hex digits. */
  static from(hex: string): TraceId {
    return new TraceId(hex)
  }

  /** The first of its four 32-bit words, the big end first. */
  get first(): number {
    this.#first ??= this.#word(0)
    return this.#first
  }

  get second(): number {
    this.#second ??= this.#word(1)
    return this.#second
  }

  get third(): number {
    this.#third ??= this.#word(2)
    return this.#third
  }

  get fourth(): number {
    this.#fourth ??= this.#word(3)
    return this.#fourth
  }

  /** 32 lower-case hex digits. */
  get hex(): string {
    this.#hex ??= hexOf(this.first, this.second) + hexOf(this.third, this.fourth)
    return this.#hex
  }

  #word(index: number): number {
    return this.#hex === undefined ? randomWord() : wordAt(this.#hex, index * wordDigits)
  }
}

/** The context of a span that begins here. */
export class BegunSpan implements TraceContext {
  readonly id: TraceId
  readonly sampled: boolean
  readonly traceState: string
  /** The span's id as 32-bit words, the big end first. */
  readonly high: number
  readonly low: number
  #spanId: string | undefined

  /** `spanId` is given where others know it already. */
  constructor(id: TraceId, trace: Pick<TraceContext, 'sampled' | 'traceState'>, spanId?: string) {
    this.id = id
    this.sampled = trace.sampled
    this.traceState = trace.traceState
    const known = spanId === undefined ? undefined : wordsOfSpan(spanId)
    this.high = known?.high ?? randomWord()
    this.low = known?.low ?? randomWord()
    this.#spanId = spanId
  }

  get traceId(): string {
    return this.id.hex
  }

  get spanId(): string {
    this.#spanId ??= hexOf(this.high, this.low)
    return this.#spanId
  }
}

/** The context of a span that nobody records: where it begins here, its ids are made when somebody asks for them. */
export class UnseenSpan implements TraceContext {
  readonly sampled = false
  readonly traceState: string
  readonly #third: number | undefined
  #id: TraceId | undefined
  #spanId: string | undefined

  private constructor(traceState: string, id: TraceId | undefined, third: number | undefined) {
    this.traceState = traceState
    this.#id = id
    this.#third = third
  }

  /** In a new trace, whose id has this third word. */
  static first(third: number): UnseenSpan {
    return new UnseenSpan('', undefined, third)
  }

  /** Under a span that is recorded where it was made. */
  static under(parent: TraceContext, id: TraceId): UnseenSpan {
    return new UnseenSpan(parent.traceState, id, undefined)
  }

  /** One that came in as such. */
  static from({ traceId, spanId, traceState }: TraceContext): UnseenSpan {
    const span = new UnseenSpan(traceState, TraceId.from(traceId), undefined)
    span.#spanId = spanId
    return span
  }

  get traceId(): string {
    this.#id ??= TraceId.new(this.#third)
    return this.#id.hex
  }

  get spanId(): string {
    this.#spanId ??= newSpanId()
    return this.#spanId
  }
}

/** Asking for random bytes one id at a time would take longer than all else that a span costs. */
const pool = new Int32Array(2048)
let used = pool.length

/** 32 random bits, as a signed number. */
export function randomWord(): number {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const word = pool[used] ?? 0
  used += 1
  return word
}

/** Two 32-bit words, the big end first, of 16 lower-case hex digits. */
export function wordsOfSpan(spanId: string): { readonly high: number; readonly low: number } {
  return { high: wordAt(spanId, 0), low: wordAt(spanId, wordDigits) }
}

function wordAt(hex: string, at: number): number {
  return Number.parseInt(hex.slice(at, at + wordDigits), 16) | 0
}

const scratch = Buffer.alloc(8)

function hexOf(high: number, low: number): string {
  scratch.writeInt32BE(high, 0)
  scratch.writeInt32BE(low, 4)
  return scratch.toString('hex')
}
