import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Json, JsonObject } from './json.ts'
import type { Manifest } from './manifest.ts'

/**
 * The manifest with every `file://./x.wasm`, `./x.wasm` and `../x.wasm` made absolute (`file:///…`) against `folder`,
 * where the manifest lies. Hosts know only absolute ones, and the file must be there on each host.
 */
export function resolveReferences(manifest: Manifest, folder: string): Manifest {
  const resolveImage = (image: string) => absoluteReference(image, folder)
  return {
    ...manifest,
    components: manifest.components.map((component) =>
      'image' in component.from
        ? { ...component, from: { image: resolveImage(component.from.image) } }
        : component,
    ),
    source: mapImages(manifest.source, resolveImage),
  }
}

function absoluteReference(image: string, folder: string): string {
  const path = image.startsWith('file://')
    ? image.slice('file://'.length)
    : /^\.\.?\//.test(image)
      ? image
      : undefined
  if (path === undefined || path.startsWith('/')) return image
  return pathToFileURL(resolve(folder, path)).href
}

function mapImages(source: JsonObject, resolveImage: (image: string) => string): JsonObject {
  return mapField(source, 'spec', (spec) =>
    mapField(spec, 'components', (components) =>
      Array.isArray(components)
        ? components.map((component: Json) =>
            mapField(component, 'properties', (properties) =>
              mapField(properties, 'image', (image) =>
                typeof image === 'string' ? resolveImage(image) : image,
              ),
            ),
          )
        : components,
    ),
  )
}

function mapField<T extends Json>(value: T, field: string, change: (inner: Json) => Json): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, field))
    return value
  return { ...value, [field]: change((value as JsonObject)[field] ?? null) }
}
