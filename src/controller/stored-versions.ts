import type { StoredApp } from '../lattice/manifest-store.ts'
import { withDeed } from './history.ts'

/** The newest version: the one that was put last. */
export function newestVersion(app: StoredApp): string {
  return app.versions.at(-1)?.version ?? ''
}

/** The manifest of a version, as JSON; undefined when there is no such version. */
export function manifestOf(app: StoredApp, version: string): unknown {
  return app.versions.find((stored) => stored.version === version)?.manifest
}

/** What the request calls a version: nothing and `latest` mean the newest. */
export function resolveVersion(app: StoredApp, asked: string | undefined): string {
  return asked === undefined || asked === 'latest' ? newestVersion(app) : asked
}

/** The application without one version; it is undeployed when that was the deployed one. */
export function withoutVersion(app: StoredApp, version: string): StoredApp {
  const rest = { ...app, versions: app.versions.filter((stored) => stored.version !== version) }
  return app.deployed === version ? withDeed(rest, { did: 'undeploy', version }) : rest
}
