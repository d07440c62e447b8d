import { WeftError } from '../errors.ts'
import type { StoredApp } from '../lattice/manifest-store.ts'
import { componentIdOf } from '../manifest/generated-names.ts'
import type { Manifest } from '../manifest/manifest.ts'
import { parseManifest } from '../manifest/parse-manifest.ts'
import type { KnownApp } from './plan.ts'
import { manifestOf } from './stored-versions.ts'

/** Reads the deployed manifest of a stored application. One that can't be read is told, never taken for undeployed. */
export function knownApp(name: string, app: StoredApp): Omit<KnownApp, 'made'> {
  if (app.deployed === undefined) return { name, manifest: undefined, stored: true }
  try {
    const manifest = parseManifest(JSON.stringify(manifestOf(app, app.deployed) ?? null), name)
    return { name, manifest: { ...manifest, name, version: app.deployed }, stored: true }
  } catch (error) {
    const message = `the stored version ${app.deployed} can't be read: ${WeftError.from(error).message}`
    return { name, manifest: undefined, unreadable: message, stored: true }
  }
}

/** The description of a stored manifest. */
export function descriptionOf(manifest: unknown): string | undefined {
  return readQuietly(manifest)?.description
}

/** The ids of what a stored manifest starts itself. */
export function idsOf(manifest: unknown, app: string): readonly string[] {
  const components = readQuietly(manifest)?.components ?? []
  return components.filter(({ from }) => 'image' in from).map((component) => componentIdOf(app, component))
}

function readQuietly(manifest: unknown): Manifest | undefined {
  try {
    return parseManifest(JSON.stringify(manifest ?? null), 'manifest')
  } catch {
    return undefined
  }
}
