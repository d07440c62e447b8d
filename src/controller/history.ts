import type { StoredApp, StoredDeed } from '../lattice/manifest-store.ts'
import { manifestOf } from './stored-versions.ts'

/** Older deeds are forgotten, so that an application's entry stays small. */
const mostKept = 100

/** The application with another version deployed, or none, and the deed written down. */
export function withDeed(app: StoredApp, deed: Omit<StoredDeed, 'at' | 'from'>): StoredApp {
  const { deployed: from } = app
  const at = new Date().toISOString()
  const entry: StoredDeed = { ...deed, at, ...(from !== undefined && { from }) }
  return {
    ...app,
    deployed: deed.did === 'undeploy' ? undefined : deed.version,
    history: [...(app.history ?? []), entry].slice(-mostKept),
  }
}

/** The application without one version; it is undeployed when that was the deployed one. */
export function withoutVersion(app: StoredApp, version: string): StoredApp {
  const rest = { ...app, versions: app.versions.filter((stored) => stored.version !== version) }
  return app.deployed === version ? withDeed(rest, { did: 'undeploy', version }) : rest
}

/**
 * The version that ran before the one that is deployed, as long as it is still stored: what a rollback goes back to.
 * Versions that were rolled back from are left out, since they did not run well.
 */
export function versionBefore(app: StoredApp): string | undefined {
  const history = app.history ?? []
  const left = new Set(history.flatMap(({ did, from }) => (did === 'automatic rollback' ? (from ?? []) : [])))
  return history
    .toReversed()
    .flatMap(({ version, from }) => [version, from ?? []].flat())
    .find(
      (version) => version !== app.deployed && !left.has(version) && manifestOf(app, version) !== undefined,
    )
}
