import { WeftError } from '../errors.ts'
import type { StoredApp } from '../lattice/manifest-store.ts'
import type { Json } from '../manifest/json.ts'
import type { Manifest } from '../manifest/manifest.ts'
import { parseStoredManifest } from '../manifest/parse-manifest.ts'
import type { KnownApp } from './plan.ts'
import { manifestOf } from './stored-versions.ts'

/** Reads the deployed manifest of a stored application. One that can't be read is told, never taken for undeployed. */
export function knownApp(name: string, app: StoredApp): Omit<KnownApp, 'made'> {
  if (app.deployed === undefined) return { name, manifest: undefined, stored: true }
  try {
    return {
      name,
      manifest: manifestToDeploy(name, app.deployed, manifestOf(app, app.deployed)),
      stored: true,
      deed: app.history?.at(-1),
      hasBefore: isStored(app, app.history?.at(-1)?.from),
    }
  } catch (error) {
    const message = `the stored version ${app.deployed} can't be read: ${WeftError.from(error).message}`
    return { name, manifest: undefined, unreadable: message, stored: true }
  }
}

function isStored(app: StoredApp, version: string | undefined): boolean {
  return version !== undefined && manifestOf(app, version) !== undefined
}

/** The description of a stored manifest. */
export function descriptionOf(manifest: unknown): string | undefined {
  return readQuietly(manifest)?.description
}

/** A version of a stored application, as it would be deployed; throws `invalid` when it can't be read. */
export function manifestToDeploy(name: string, version: string, manifest: unknown): Manifest {
  return { ...parseStoredManifest((manifest ?? null) as Json, `${name} ${version}`), name, version }
}

/** The manifests that are deployed, by application; those that can't be read are left out. */
export function deployedManifests(apps: ReadonlyMap<string, StoredApp>): ReadonlyMap<string, Manifest> {
  return new Map(
    [...apps].flatMap(([name, app]) => {
      const { manifest } = knownApp(name, app)
      return manifest ? [[name, manifest] as const] : []
    }),
  )
}

function readQuietly(manifest: unknown): Manifest | undefined {
  try {
    return parseStoredManifest((manifest ?? null) as Json, 'manifest')
  } catch {
    return undefined
  }
}
