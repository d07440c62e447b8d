import { Agent, type IncomingMessage, request } from 'node:http'
import { Agent as SecureAgent, request as secureRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { WeftError } from '../errors.ts'
import { version } from '../version.ts'
import type { OtlpEndpoint } from './otlp-target.ts'
import { ProtobufReader } from './protobuf-reader.ts'

/** What a collector did not take of what it was sent, although it answered well. */
export interface PartialSuccess {
  readonly rejected: number
  readonly message: string
}

const compress = promisify(gzip)
/** Status codes after which the protocol says to try again. */
const retryable = new Set([429, 502, 503, 504])
const firstPauseMs = 1000
const pauseGrowth = 1.5
const mostResponseBytes = 64 * 1024

/** Sends export requests to one endpoint, one connection kept open. */
export class OtlpSender {
  readonly #endpoint: OtlpEndpoint
  readonly #agent: Agent
  readonly #stopped = new AbortController()

  /** `lookup` decides where the endpoint's name leads; left out, the system does. */
  constructor(endpoint: OtlpEndpoint, lookup?: LookupFunction) {
    this.#endpoint = endpoint
    const options = { keepAlive: true, maxSockets: 1, ...(lookup && { lookup }) }
    this.#agent = isSecure(endpoint) ? new SecureAgent({ ...options, ...endpoint.tls }) : new Agent(options)
  }

  /**
   * Sends one encoded request, again after a pause while the collector is away or asks for patience, at most for the
   * endpoint's timeout. Fails with `invalid` when the collector will never take it, else `unavailable` or `deadline`.
   */
  async send(body: Uint8Array): Promise<PartialSuccess> {
    const end = performance.now() + this.#endpoint.timeoutMs
    const limit = AbortSignal.timeout(Math.ceil(this.#endpoint.timeoutMs))
    const signal = AbortSignal.any([limit, this.#stopped.signal])
    const sent = this.#endpoint.gzip ? await compress(body) : body
    for (let pauseMs = firstPauseMs; ; pauseMs *= pauseGrowth) {
      const answer = await this.#post(sent, signal).catch((cause: unknown) => failed(cause, signal))
      if (answer.kind === 'taken') return answer.partial
      const wait = answer.retryAfterMs ?? pauseMs * (0.8 + Math.random() * 0.4)
      if (!answer.isWorthRetrying || performance.now() + wait >= end) throw answer.error
      await delay(wait, undefined, { signal }).catch(() => {
        throw answer.error
      })
    }
  }

  /** Gives up what is on its way. */
  stop(): void {
    this.#stopped.abort()
    this.#agent.destroy()
  }

  async #post(body: Uint8Array, signal: AbortSignal): Promise<Answer> {
    const { url, protocol, headers, gzip: isGzip } = this.#endpoint
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const send = isSecure(this.#endpoint) ? secureRequest : request
    const outgoing = send(
      url,
      {
        method: 'POST',
        agent: this.#agent,
        signal,
        headers: {
          'user-agent': `Weft-OTLP-Exporter/${version}`,
          ...headers,
          'content-type': protocol === 'http/json' ? 'application/json' : 'application/x-protobuf',
          'content-length': body.byteLength,
          ...(isGzip && { 'content-encoding': 'gzip' }),
        },
      },
      resolve,
    )
    outgoing.on('error', reject)
    outgoing.end(body)
    const response = await promise
    return answerOf(response, await bodyOf(response), protocol)
  }
}

type Answer =
  | { readonly kind: 'taken'; readonly partial: PartialSuccess }
  | {
      readonly kind: 'failed'
      readonly error: WeftError
      readonly isWorthRetrying: boolean
      readonly retryAfterMs?: number
    }

function answerOf(response: IncomingMessage, body: Buffer, protocol: OtlpEndpoint['protocol']): Answer {
  const status = response.statusCode ?? 0
  if (status >= 200 && status < 300) return { kind: 'taken', partial: partialSuccessOf(body, protocol) }
  const isWorthRetrying = retryable.has(status)
  const error = new WeftError(
    isWorthRetrying ? 'unavailable' : 'invalid',
    `the collector answered ${status} ${response.statusMessage ?? ''}`.trim(),
  )
  const retryAfter = Number(response.headers['retry-after'])
  return {
    kind: 'failed',
    error,
    isWorthRetrying,
    ...(retryAfter >= 0 && { retryAfterMs: retryAfter * 1000 }),
  }
}

function failed(cause: unknown, signal: AbortSignal): Answer {
  const error = signal.aborted
    ? new WeftError('deadline', 'the collector gave no answer in time', { cause })
    : new WeftError('unavailable', messageOf(cause), { cause })
  return { kind: 'failed', error, isWorthRetrying: !signal.aborted }
}

// A host name with several addresses fails with one error for each and an empty message.
function messageOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join(', ')
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}

async function bodyOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= mostResponseBytes) chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

// What can't be read says nothing: the collector took what it was sent.
function partialSuccessOf(body: Buffer, protocol: OtlpEndpoint['protocol']): PartialSuccess {
  try {
    return protocol === 'http/json' ? partialFromJson(body) : partialFromProtobuf(body)
  } catch {
    return { rejected: 0, message: '' }
  }
}

function partialFromJson(body: Buffer): PartialSuccess {
  const answer = JSON.parse(body.toString()) as { partialSuccess?: Record<string, unknown> }
  const { errorMessage, ...counts } = answer.partialSuccess ?? {}
  const rejected = Number(Object.values(counts)[0] ?? 0)
  return { rejected: Math.max(0, rejected) || 0, message: String(errorMessage ?? '') }
}

function partialFromProtobuf(body: Buffer): PartialSuccess {
  let rejected = 0
  let message = ''
  const reader = new ProtobufReader(body)
  reader.fields((number) => {
    if (number !== 1) return
    const partial = reader.message()
    partial.fields((inner) => {
      if (inner === 1) rejected = partial.int64()
      else if (inner === 2) message = partial.text()
    })
  })
  return { rejected, message }
}

function isSecure(endpoint: OtlpEndpoint): boolean {
  return endpoint.url.startsWith('https:')
}
