import type { StoredApp, StoredDeed } from '../lattice/manifest-store.ts'
import type { ModelRequest } from '../lattice/model-requests.ts'
import type { TraceHeaders } from '../trace-work.ts'
import { findClashes } from './find-clashes.ts'
import { versionBefore, withDeed } from './history.ts'
import { type ModelApiParts, notFound, versionIn } from './model-parts.ts'
import { deployedManifests, manifestToDeploy } from './read-stored.ts'
import { manifestOf, resolveVersion } from './stored-versions.ts'

/** Has a version run from now on; the newest unless one is named. */
export async function deploy(parts: ModelApiParts, { name, body, trace }: ModelRequest): Promise<unknown> {
  const asked = versionIn(body)
  const app = await parts.store.read(name)
  if (!app) return { ...notFound(name), name, version: asked ?? null }
  return run(parts, { did: 'deploy', name, version: resolveVersion(app, asked), app, trace })
}

/** Has a version run again: the one that ran before unless one is named. */
export async function rollback(parts: ModelApiParts, { name, body, trace }: ModelRequest): Promise<unknown> {
  const asked = versionIn(body)
  const app = await parts.store.read(name)
  if (!app) return { ...notFound(name), name, version: asked ?? null }
  const version = asked ?? versionBefore(app)
  if (version !== undefined) return run(parts, { did: 'rollback', name, version, app, trace })
  const message = `${name} has no version that ran before and is still stored: name the one to go back to`
  return { result: 'error', message, name, version: null }
}

/** Has a version run from now on, unless it is not there or would fight with another application. */
async function run(
  { store, announce, onDeploy, rivals }: ModelApiParts,
  order: Pick<StoredDeed, 'did' | 'version'> & {
    readonly name: string
    readonly app: StoredApp
    readonly trace: TraceHeaders | undefined
  },
): Promise<unknown> {
  const { did, name, version, app: stored, trace } = order
  const refused = (message: string) => ({ result: 'error', message, name, version })
  const manifest = manifestOf(stored, version)
  if (manifest === undefined) {
    const have = stored.versions.map((one) => one.version).join(', ')
    return refused(`${name} has no version ${version} to deploy; it has ${have}`)
  }
  const wanted = manifestToDeploy(name, version, manifest)
  const clashes = findClashes(wanted, rivals?.(wanted) ?? deployedManifests(await store.readAll()))
  if (clashes.length > 0) return refused(clashes.join('\n'))
  onDeploy?.(name, trace)
  await store.change(name, (app) =>
    app && app.deployed !== version ? withDeed(app, { did, version }) : undefined,
  )
  announce({ name: 'manifest_published', data: manifest })
  return { result: 'acknowledged', message: `${name} ${version} is to run from now on`, name, version }
}

/** Which version is to run again in place of one that does not run well, and why. */
export interface RollbackOrder {
  readonly name: string
  /** What deployed the bad version; when something else was deployed since, nothing is done. */
  readonly deed: StoredDeed
  readonly version: string
  readonly reason: string
}

/** Takes a version back that does not run well; where the wanted one is not stored any more, to the one just before. */
export async function rollBack(
  { store, announce }: Pick<ModelApiParts, 'store' | 'announce'>,
  { name, deed, version: wanted, reason }: RollbackOrder,
): Promise<void> {
  let manifest: unknown
  await store.change(name, (app) => {
    if (app?.history?.at(-1)?.at !== deed.at) return undefined
    const version = [wanted, deed.from].find((one) => one !== undefined && manifestOf(app, one) !== undefined)
    if (version === undefined) return undefined
    manifest = manifestOf(app, version)
    return withDeed(app, { did: 'automatic rollback', version, reason })
  })
  if (manifest !== undefined) announce({ name: 'manifest_published', data: manifest })
}

/** Has an application run no more; its versions stay stored. */
export async function undeploy({ store, announce }: ModelApiParts, { name }: ModelRequest): Promise<unknown> {
  const app = await store.read(name)
  if (!app) return { ...notFound(name), name, version: null }
  await store.change(name, (stored) =>
    stored?.deployed === undefined
      ? undefined
      : withDeed(stored, { did: 'undeploy', version: stored.deployed }),
  )
  announce({ name: 'manifest_unpublished', data: { name } })
  return {
    result: 'acknowledged',
    message: `${name} is to run no more`,
    name,
    version: app.deployed ?? null,
  }
}
