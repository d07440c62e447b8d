import type { ServerResponse } from 'node:http'
import { type HttpResponse, type HttpResult, takeWhole } from '../../src/capability/http.ts'
import { WeftError } from '../../src/errors.ts'
import { free } from '../../src/given-bytes.ts'

/** Short bytes become text here: theirs lie within V8's heap, from where `Buffer.from` would have to move them first. */
const scratch = Buffer.allocUnsafeSlow(1024)

// The decoder that is called latin1 is windows-1252: it changes bytes.
function textOf(bytes: Uint8Array): string {
  const { byteLength } = bytes
  if (byteLength > scratch.byteLength)
    return Buffer.from(bytes.buffer, bytes.byteOffset, byteLength).toString('latin1')
  scratch.set(bytes)
  return scratch.toString('latin1', 0, byteLength)
}

const perConnection = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade'])

/**
 * Writes what the component answered; resolves when the last byte is handed to the socket. `closed` settles when the
 * response is closed, whoever does that.
 */
export async function writeResult(
  res: ServerResponse,
  result: HttpResult,
  { isHead, closed }: { readonly isHead: boolean; readonly closed: Promise<void> },
): Promise<void> {
  if (result.tag === 'err')
    throw new WeftError('internal', `the component answered with error ${describe(result.val)}`)
  const { status, body, trailers } = result.val
  const headers = headerList(result.val)
  const turnEnds = endOfTurn()
  const ready = isHead ? undefined : takeWhole(body)
  const chunks = ready ? undefined : body[Symbol.asyncIterator]()
  try {
    const beginning = chunks && !isHead ? await beginningOf(chunks, turnEnds) : { whole: ready }
    const tail = 'whole' in beginning && !isHead ? await trailers : undefined
    if ('whole' in beginning && !tail) {
      await turnEnds
      endWhole(res, { status, headers, body: beginning.whole, isHead })
    } else {
      res.writeHead(status, headers)
      if ('whole' in beginning) await writeChunk(res, beginning.whole)
      else await writeChunks(res, beginning)
      addTrailers(res, await trailers)
      res.end()
    }
  } finally {
    // Tells a body that was left early; what it says to that is its own concern.
    chunks?.return?.().then(undefined, () => {})
  }
  await closed
}

type Step = IteratorResult<Uint8Array>

/** A body that is there whole, or as much of it as is there by now, and where the rest comes from. */
type Beginning = { readonly whole: Uint8Array | undefined } | Ahead

/** Copying up to this many bytes costs less than another write. */
const smallBody = 16_384

async function beginningOf(chunks: AsyncIterator<Uint8Array>, turnEnds: Promise<void>): Promise<Beginning> {
  const ahead = new Ahead(chunks)
  await turnEnds
  return ahead.stop() ? { whole: ahead.first } : ahead
}

/** The first chunk of a body, when it is there, and the promise of the next. */
class Ahead {
  readonly chunks: AsyncIterator<Uint8Array>
  first: Uint8Array | undefined
  next: Promise<Step>
  #state: 'reading' | 'whole' | 'stopped' | { readonly failure: unknown } = 'reading'

  constructor(chunks: AsyncIterator<Uint8Array>) {
    this.chunks = chunks
    this.next = this.#ask()
  }

  /** From now on somebody else reads the body. True when it has one chunk at most; throws what it failed with. */
  stop(): boolean {
    const state = this.#state
    if (typeof state === 'object') throw state.failure
    this.#state = 'stopped'
    return state === 'whole'
  }

  #ask(): Promise<Step> {
    const next = this.chunks.next()
    next.then(
      (step) => this.#came(step),
      (failure: unknown) => {
        if (this.#state === 'reading') this.#state = { failure }
      },
    )
    return next
  }

  #came(step: Step): void {
    if (this.#state !== 'reading') return
    if (step.done) this.#state = 'whole'
    else if (!this.first) {
      this.first = step.value
      this.next = this.#ask()
    }
  }
}

/**
 * When all requests that came in together were looked at. Their answers leave together: a write that wakes its reader
 * costs several times what the next ones do.
 */
function endOfTurn(): Promise<void> {
  turnEnds ??= new Promise((resolve) => {
    setImmediate(() => {
      turnEnds = undefined
      resolve()
    })
  })
  return turnEnds
}

let turnEnds: Promise<void> | undefined

/** A body that is there in one piece goes out with its length, in one write. */
function endWhole(
  res: ServerResponse,
  {
    status,
    headers,
    body,
    isHead,
  }: {
    readonly status: number
    readonly headers: string[]
    readonly body: Uint8Array | undefined
    readonly isHead: boolean
  },
): void {
  const hasLength = isHead || headers.some((part, at) => at % 2 === 0 && /^(content-length)$/i.test(part))
  const mayHaveBody = status >= 200 && status !== 204 && status !== 304
  if (!hasLength && mayHaveBody) headers.push('content-length', String(body?.byteLength ?? 0))
  res.writeHead(status, headers)
  // Node puts text and headers into one write to the socket, bytes into a second.
  if (body && body.byteLength <= smallBody) res.end(textOf(body), 'latin1')
  else res.end(body)
}

function headerList(response: Pick<HttpResponse, 'headers'>): string[] {
  const list: string[] = []
  for (const [name, values] of response.headers) {
    if (!perConnection.has(name.toLowerCase())) for (const value of values) list.push(name, textOf(value))
  }
  return list
}

async function writeChunks(res: ServerResponse, { first, next, chunks }: Ahead): Promise<void> {
  // The client learns of the answer before a body that takes its time.
  if (first) await writeChunk(res, first)
  else res.flushHeaders()
  for (let step = await next; !step.done; step = await chunks.next()) await writeChunk(res, step.value)
}

async function writeChunk(res: ServerResponse, chunk: Uint8Array | undefined): Promise<void> {
  if (res.destroyed) throw new WeftError('cancelled', 'the HTTP client closed the connection')
  if (chunk && !res.write(chunk, () => free(chunk))) await drainedOrClosed(res)
}

/** Not `once` for each: what did not come would stay listened for, chunk after chunk. */
function drainedOrClosed(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      res.off('drain', done)
      res.off('close', done)
      resolve()
    }
    res.on('drain', done)
    res.on('close', done)
  })
}

function addTrailers(res: ServerResponse, trailers: HttpResponse['headers'] | undefined): void {
  if (!trailers) return
  res.addTrailers(
    trailers.flatMap(([name, values]) => values.map((value): [string, string] => [name, textOf(value)])),
  )
}

function describe(error: { readonly tag: string; readonly val?: unknown }): string {
  return error.val === undefined
    ? error.tag
    : `${error.tag}: ${typeof error.val === 'string' ? error.val : JSON.stringify(error.val)}`
}
