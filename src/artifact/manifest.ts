import { WeftError } from '../errors.ts'
import { type ArtifactKind, configTypes, layerTypes, ociIndex } from './media-types.ts'
import { formatReference, type ImageReference } from './reference.ts'

/** One blob that a manifest names. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

/** What is read of an OCI or Docker manifest. */
export interface ImageManifest {
  readonly config?: { readonly mediaType?: string }
  readonly layers: readonly Descriptor[]
}

const digestForm = /^sha256:[a-f0-9]{64}$/

/** The manifest, or the digest of the one to read when it is an index. */
export function readManifest(image: ImageReference, text: string): ImageManifest | { readonly next: string } {
  const value = parse(image, text)
  const manifests = value['manifests']
  if (Array.isArray(manifests)) return { next: onlyManifest(image, manifests) }
  const layers = value['layers']
  if (!Array.isArray(layers)) throw strange(image, 'its manifest has no layers')
  const config = value['config']
  return {
    ...(isObject(config) &&
      typeof config['mediaType'] === 'string' && { config: { mediaType: config['mediaType'] } }),
    layers: layers.map((layer) => descriptorFrom(image, layer)),
  }
}

/** The layer that holds the artifact; `invalid` says what is there instead. */
export function layerFor(kind: ArtifactKind, image: ImageReference, manifest: ImageManifest): Descriptor {
  const accepted = layerTypes[kind]
  const found = manifest.layers.filter(({ mediaType }) => accepted.includes(mediaType))
  const [layer] = found
  if (layer && found.length === 1 && manifest.config?.mediaType !== configTypes[otherKind(kind)]) return layer
  const types = manifest.layers.map(({ mediaType }) => mediaType).join(', ')
  const other = layerTypes[otherKind(kind)][0] ?? ''
  const hint = types.includes(other) ? `: it is a ${otherKind(kind)}` : ''
  throw strange(image, `expected one layer with a ${kind} (${accepted[0]}), got ${types || 'none'}${hint}`)
}

function otherKind(kind: ArtifactKind): ArtifactKind {
  return kind === 'component' ? 'provider' : 'component'
}

function onlyManifest(image: ImageReference, manifests: readonly unknown[]): string {
  const [first, ...more] = manifests.map((one) => descriptorFrom(image, one))
  if (first && more.length === 0) return first.digest
  throw strange(
    image,
    `it is an index (${ociIndex}) of ${manifests.length} manifests: name one of them by its digest`,
  )
}

function descriptorFrom(image: ImageReference, value: unknown): Descriptor {
  if (isObject(value)) {
    const { mediaType, digest, size } = value
    if (typeof mediaType === 'string' && typeof digest === 'string' && typeof size === 'number') {
      if (digestForm.test(digest) && Number.isSafeInteger(size) && size >= 0)
        return { mediaType, digest, size }
    }
  }
  throw strange(image, 'its manifest names a blob without a sha256 digest and a size')
}

function parse(image: ImageReference, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
  } catch (cause) {
    throw new WeftError('invalid', `${formatReference(image)}: its manifest is not JSON`, { cause })
  }
  throw strange(image, 'its manifest is not an object')
}

function strange(image: ImageReference, what: string): WeftError {
  return new WeftError('invalid', `${formatReference(image)}: ${what}`)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
