import type { ManifestStore, StoredApp } from '../lattice/manifest-store.ts'
import type { ModelEvent } from '../lattice/model-requests.ts'
import { anything, orNull, parseJson, record, text } from '../lattice/shape.ts'
import type { Manifest } from '../manifest/manifest.ts'
import type { TraceHeaders } from '../trace-work.ts'
import type { Status } from './status.ts'

/** What the API needs around it. */
export interface ModelApiParts {
  readonly store: ManifestStore
  /** The status of an application as the controller that leads last told it. */
  readonly status: (name: string, app: StoredApp) => Promise<Status>
  /** Told of each deploy, with the trace it belongs to. */
  readonly onDeploy?: (name: string, trace: TraceHeaders | undefined) => void
  /** Deployed applications that may want the same as this one; left out, all that are stored are looked at. */
  readonly rivals?: (manifest: Manifest) => ReadonlyMap<string, Manifest>
  /** Tells others what was deployed and undeployed. */
  readonly announce: (event: ModelEvent) => void
}

/** The answer when no application has the name. */
export function notFound(name: string): { readonly result: 'notfound'; readonly message: string } {
  return { result: 'notfound', message: `no application is called ${name}` }
}

const versionShape = record({ version: orNull(text) })

/** The version that a request names; undefined when it names none. */
export function versionIn(body: string): string | undefined {
  if (body.trim() === '' || body.trim() === 'null') return undefined
  const bytes = new TextEncoder().encode(body)
  parseJson(bytes, anything)
  return parseJson(bytes, versionShape).version ?? undefined
}
