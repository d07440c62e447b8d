/** What an artifact is for. */
export type ArtifactKind = 'component' | 'provider'

export const ociManifest = 'application/vnd.oci.image.manifest.v1+json'
export const ociIndex = 'application/vnd.oci.image.index.v1+json'

/** Manifests that can be read. */
export const manifestTypes = [
  ociManifest,
  'application/vnd.docker.distribution.manifest.v2+json',
  ociIndex,
  'application/vnd.docker.distribution.manifest.list.v2+json',
] as const

/** Layers that may hold an artifact of a kind, as wasmCloud 1.x accepts them; the first is what `weft push` writes. */
export const layerTypes: Readonly<Record<ArtifactKind, readonly string[]>> = {
  component: [
    'application/wasm',
    'application/vnd.module.wasm.content.layer.v1+wasm',
    'application/vnd.oci.image.layer.v1.tar',
  ],
  provider: [
    'application/vnd.wasmcloud.provider.archive.layer.v1+par',
    'application/vnd.oci.image.layer.v1.tar',
  ],
}

/** The manifest's config type that `weft push` writes. */
export const configTypes: Readonly<Record<ArtifactKind, string>> = {
  component: 'application/vnd.wasm.config.v0+json',
  provider: 'application/vnd.wasmcloud.provider.archive.config',
}
