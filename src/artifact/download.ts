import { setTimeout as delay } from 'node:timers/promises'
import { digestOf } from '../claims/digest.ts'
import { WeftError } from '../errors.ts'
import type { Descriptor } from './manifest.ts'
import { formatReference, type ImageReference } from './reference.ts'
import type { Registry } from './registry.ts'

export interface DownloadOptions {
  readonly registry: Registry
  readonly image: ImageReference
  readonly blob: Descriptor
  readonly signal?: AbortSignal | undefined
  /** Called as bytes come in. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** A connection that breaks is taken up again so often, where it broke. */
const attempts = 4
const pauseMs = 250
/** A body that brings nothing for so long counts as broken. */
const silenceMs = 30_000

/** Downloads a blob and checks its size and digest. What came before a connection broke is kept and not asked for again. */
export async function downloadBlob(options: DownloadOptions): Promise<Uint8Array> {
  const { image, blob, signal } = options
  const received: Received = { bytes: new Uint8Array(blob.size), done: 0 }
  for (let attempt = 1; received.done < blob.size; attempt += 1) {
    const broken = await receive(options, received).catch(WeftError.from)
    if (received.done === blob.size) break
    const error = broken ?? new WeftError('unavailable', 'the registry ended it')
    const mayPass = error.code === 'unavailable' || error.code === 'internal'
    if (!mayPass || signal?.aborted) throw error
    if (attempt === attempts) throw brokenOff(options, received.done, error)
    await delay(pauseMs * 2 ** attempt, undefined, { signal })
  }
  const digest = await digestOf(received.bytes)
  if (digest === blob.digest) return received.bytes
  throw new WeftError(
    'unavailable',
    `${formatReference(image)}: the registry sent other bytes than its manifest names: expected ${blob.digest}, got ${digest}`,
  )
}

/** What has come so far, over all attempts. */
interface Received {
  readonly bytes: Uint8Array
  done: number
}

async function receive(options: DownloadOptions, received: Received): Promise<undefined> {
  const { registry, blob, signal, onProgress, image } = options
  const silence = new AbortController()
  const response = await registry.send({
    path: `blobs/${blob.digest}`,
    headers: received.done === 0 ? {} : { range: `bytes=${received.done}-` },
    signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
  })
  // A registry that knows no ranges begins again.
  if (response.status !== 206) received.done = 0
  const quiet = () => silence.abort(new WeftError('unavailable', `nothing came for ${silenceMs} ms`))
  let timer = setTimeout(quiet, silenceMs)
  try {
    for await (const chunk of response.body ?? []) {
      clearTimeout(timer)
      timer = setTimeout(quiet, silenceMs)
      if (received.done + chunk.length > blob.size)
        throw new WeftError(
          'invalid',
          `${formatReference(image)}: the registry sends more bytes than the ${blob.size} of its manifest`,
        )
      received.bytes.set(chunk, received.done)
      received.done += chunk.length
      onProgress?.(received.done, blob.size)
    }
  } finally {
    clearTimeout(timer)
  }
}

function brokenOff({ image, blob }: DownloadOptions, done: number, cause: WeftError): WeftError {
  if (done === 0) return cause
  return new WeftError(
    'unavailable',
    `${formatReference(image)}: the download broke off at byte ${done} of ${blob.size} (${cause.message}); ask again`,
    { cause },
  )
}
