import type { StoredApp } from '../lattice/manifest-store.ts'

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
