import { digestOf } from '../claims/digest.ts'
import { WeftError } from '../errors.ts'
import { tooLarge } from './artifact-file.ts'
import type { BlobCache } from './blob-cache.ts'
import { downloadBlob } from './download.ts'
import { type Descriptor, layerFor, readManifest } from './manifest.ts'
import { type ArtifactKind, manifestTypes } from './media-types.ts'
import { formatReference, type ImageReference } from './reference.ts'
import { bodyOf, type Registry } from './registry.ts'

export interface PullOptions {
  readonly registry: Registry
  readonly image: ImageReference
  readonly kind: ArtifactKind
  readonly cache: BlobCache
  /** Bytes that the artifact may have. */
  readonly largest: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((done: number, total: number) => void) | undefined
  /** Told when the registry cannot be reached and what the tag last meant is used instead. */
  readonly onStale?: ((reason: WeftError) => void) | undefined
}

/** An artifact that was pulled and checked. */
export interface Pulled {
  readonly bytes: Uint8Array
  /** Digest of the manifest: what `@sha256:…` behind the reference would name. */
  readonly digest: string
  /** Digest of the artifact itself. */
  readonly layerDigest: string
}

const largestManifest = 4 * 1024 * 1024

/** Pulls an artifact; content that the cache has is not downloaded, and every digest is checked. */
export async function pullArtifact(options: PullOptions): Promise<Pulled> {
  const { image, kind } = options
  const { digest, text } = await currentManifest(options)
  const manifest = readManifest(image, text)
  if ('next' in manifest) return pullArtifact({ ...options, image: { ...image, digest: manifest.next } })
  const layer = layerFor(kind, image, manifest)
  return { bytes: await fetchLayer(options, layer), digest, layerDigest: layer.digest }
}

interface FoundManifest {
  readonly digest: string
  readonly text: string
}

/** A digest names the same for ever; a tag is asked for each time, and remembered for when nobody answers. */
async function currentManifest(options: PullOptions): Promise<FoundManifest> {
  const { image, cache, onStale } = options
  const name = formatReference(image)
  if (image.digest !== undefined) return manifestByDigest(options, image.digest)
  try {
    const found = await requestManifest(options, image.tag ?? 'latest')
    await cache.putTag(name, found.digest)
    return found
  } catch (thrown) {
    const error = WeftError.from(thrown)
    const last = error.code === 'unavailable' ? await cache.tagged(name) : undefined
    const bytes = last === undefined ? undefined : await cache.get(last)
    if (last === undefined || bytes === undefined) throw error
    onStale?.(error)
    return { digest: last, text: new TextDecoder().decode(bytes) }
  }
}

async function manifestByDigest(options: PullOptions, digest: string): Promise<FoundManifest> {
  const kept = await options.cache.get(digest)
  return kept ? { digest, text: new TextDecoder().decode(kept) } : requestManifest(options, digest)
}

async function requestManifest(options: PullOptions, reference: string): Promise<FoundManifest> {
  const { registry, image, cache, signal } = options
  const response = await registry.send({
    path: `manifests/${reference}`,
    headers: { accept: manifestTypes.join(', ') },
    signal,
  })
  const bytes = await bodyOf(response, largestManifest)
  const name = formatReference(image)
  if (!bytes) throw new WeftError('invalid', `${name}: its manifest is too large`)
  const digest = await digestOf(bytes)
  const expected = reference.startsWith('sha256:') ? reference : response.headers.get('docker-content-digest')
  if (expected?.startsWith('sha256:') && expected !== digest)
    throw new WeftError('unavailable', `${name}: the manifest is not ${expected}, its bytes are ${digest}`)
  await cache.put(digest, bytes)
  return { digest, text: new TextDecoder().decode(bytes) }
}

async function fetchLayer(options: PullOptions, layer: Descriptor): Promise<Uint8Array> {
  const { image, largest, cache } = options
  if (layer.size > largest) throw tooLarge(formatReference(image), layer.size, largest)
  const kept = await cache.get(layer.digest)
  if (kept) return kept
  const bytes = await downloadBlob({ ...options, blob: layer })
  await cache.put(layer.digest, bytes)
  return bytes
}
