import { digestOf } from '../claims/digest.ts'
import { WeftError } from '../errors.ts'
import { type ArtifactKind, configTypes, layerTypes, ociManifest } from './media-types.ts'
import { formatReference, type ImageReference } from './reference.ts'
import type { Registry } from './registry.ts'

export interface PushOptions {
  readonly registry: Registry
  readonly image: ImageReference
  readonly kind: ArtifactKind
  readonly bytes: Uint8Array
  /** What the manifest's config says beyond the digest, such as a component's imports and exports. */
  readonly config?: Readonly<Record<string, unknown>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** What stands in the registry now. */
export interface Pushed {
  readonly digest: string
  readonly layerDigest: string
  readonly size: number
}

/** Larger blobs go in pieces, so that progress shows; some registries take no larger ones. */
const pieceBytes = 4 * 1024 * 1024

/** Pushes an artifact under its tag. A blob that the registry has is not sent again. */
export async function pushArtifact(options: PushOptions): Promise<Pushed> {
  const { image, kind, bytes } = options
  if (image.tag === undefined || image.digest !== undefined)
    throw new WeftError(
      'invalid',
      `${formatReference(image)}: push to a tag, such as :1.0.0, not to a digest`,
    )
  const layer = { mediaType: layerTypes[kind][0] ?? '', digest: await digestOf(bytes), size: bytes.length }
  const config = encode(kind === 'component' ? wasmConfig(layer.digest, options.config) : {})
  await uploadBlob(options, bytes)
  await uploadBlob({ ...options, onProgress: undefined }, config)
  const manifest = encode({
    schemaVersion: 2,
    mediaType: ociManifest,
    config: { mediaType: configTypes[kind], digest: await digestOf(config), size: config.length },
    layers: [layer],
    ...(options.annotations && { annotations: options.annotations }),
  })
  await options.registry.send({
    path: `manifests/${image.tag}`,
    method: 'PUT',
    headers: { 'content-type': ociManifest },
    body: manifest,
    signal: options.signal,
  })
  return { digest: await digestOf(manifest), layerDigest: layer.digest, size: bytes.length }
}

/** The config of a WebAssembly artifact: https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/ */
function wasmConfig(layerDigest: string, component: PushOptions['config']): object {
  return {
    created: new Date().toISOString(),
    architecture: 'wasm',
    os: 'wasip2',
    layerDigests: [layerDigest],
    ...(component && { component }),
  }
}

async function uploadBlob(options: PushOptions, bytes: Uint8Array): Promise<void> {
  const { registry, signal, onProgress } = options
  const digest = await digestOf(bytes)
  const known = await registry.send({ path: `blobs/${digest}`, method: 'HEAD', signal }, [404])
  await known.body?.cancel()
  if (known.status !== 404) return onProgress?.(bytes.length, bytes.length)
  let place = placeOf(options, await registry.send({ path: 'blobs/uploads/', method: 'POST', signal }))
  let sent = 0
  while (bytes.length - sent > pieceBytes) {
    const piece = bytes.subarray(sent, sent + pieceBytes)
    const headers = {
      'content-type': 'application/octet-stream',
      'content-range': `${sent}-${sent + piece.length - 1}`,
    }
    place = placeOf(
      options,
      await registry.send({ path: place, method: 'PATCH', headers, body: piece, signal }),
    )
    sent += piece.length
    onProgress?.(sent, bytes.length)
  }
  const last = new URL(place)
  last.searchParams.set('digest', digest)
  const rest = bytes.subarray(sent)
  const headers = {
    'content-type': 'application/octet-stream',
    ...(sent > 0 && { 'content-range': `${sent}-${bytes.length - 1}` }),
  }
  await registry.send({ path: last.href, method: 'PUT', headers, body: rest, signal })
  onProgress?.(bytes.length, bytes.length)
}

/** Where the upload goes on, as the registry says; it may be relative. */
function placeOf({ image }: PushOptions, response: Response): string {
  const location = response.headers.get('location')
  if (location !== null && URL.canParse(location, response.url)) return new URL(location, response.url).href
  throw new WeftError('unavailable', `${formatReference(image)}: the registry did not say where uploads go`)
}

function encode(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}
