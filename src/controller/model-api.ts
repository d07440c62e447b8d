import { WeftError } from '../errors.ts'
import type { ModelRequest } from '../lattice/model-requests.ts'
import type { JsonObject } from '../manifest/json.ts'
import { parseManifest } from '../manifest/parse-manifest.ts'
import { withoutVersion } from './history.ts'
import { deploy, rollback, undeploy } from './model-deploys.ts'
import { type ModelApiParts, notFound, versionIn } from './model-parts.ts'
import { descriptionOf } from './read-stored.ts'
import { manifestOf, newestVersion } from './stored-versions.ts'
import { ulid } from './ulid.ts'

/** Answers wadm's API (0.21). What goes wrong is an answer with `result: error`, so nothing here throws on bad input. */
export function createModelApi(parts: ModelApiParts): (request: ModelRequest) => Promise<unknown> {
  return (request) => {
    switch (request.operation) {
      case 'put':
        return put(parts, request.body)
      case 'get':
        return request.name === '' ? getAll(parts) : get(parts, request)
      case 'list':
        return summaries(parts)
      case 'versions':
        return versions(parts, request.name)
      case 'del':
        return del(parts, request)
      case 'deploy':
        return deploy(parts, request)
      case 'undeploy':
        return undeploy(parts, request)
      case 'status':
        return status(parts, request.name)
      case 'history':
        return history(parts, request.name)
      case 'rollback':
        return rollback(parts, request)
    }
  }
}

async function put({ store }: ModelApiParts, body: string): Promise<unknown> {
  const manifest = parseManifest(body, 'manifest')
  const version = manifest.version === '' ? ulid(Date.now()) : manifest.version
  const source = manifest.version === '' ? withVersion(manifest.source, version) : manifest.source
  let total = 0
  await store.change(manifest.name, (stored = { versions: [], deployed: undefined }) => {
    if (manifestOf(stored, version) !== undefined)
      throw new WeftError(
        'invalid',
        `${manifest.name} already has a version ${version}, and versions are never overwritten: name a new one`,
      )
    total = stored.versions.length + 1
    return { ...stored, versions: [...stored.versions, { version, manifest: source }] }
  })
  return {
    result: total === 1 ? 'created' : 'newversion',
    total_versions: total,
    current_version: version,
    message: `stored ${manifest.name} ${version}`,
    name: manifest.name,
  }
}

function withVersion(source: JsonObject, version: string): JsonObject {
  const metadata = objectIn(source, 'metadata')
  return {
    ...source,
    metadata: { ...metadata, annotations: { ...objectIn(metadata, 'annotations'), version } },
  }
}

function objectIn(object: JsonObject, name: string): JsonObject {
  const value = object[name]
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
}

async function get({ store }: ModelApiParts, { name, body }: ModelRequest): Promise<unknown> {
  const app = await store.read(name)
  if (!app) return { ...notFound(name), manifest: null }
  const version = versionIn(body) ?? newestVersion(app)
  const manifest = manifestOf(app, version)
  return manifest === undefined
    ? { result: 'notfound', message: `${name} has no version ${version}`, manifest: null }
    : { result: 'success', message: `${name} ${version}`, manifest }
}

async function getAll(parts: ModelApiParts): Promise<unknown> {
  const models = await summaries(parts)
  return { result: 'success', message: `${models.length} applications`, models }
}

async function summaries({ store, status: statusFor }: ModelApiParts): Promise<unknown[]> {
  const apps = [...(await store.readAll())]
  return await Promise.all(
    apps.map(async ([name, app]) => {
      const detailed_status = await statusFor(name, app)
      const version = newestVersion(app)
      return {
        name,
        version,
        description: descriptionOf(manifestOf(app, version)) ?? null,
        deployed_version: app.deployed ?? null,
        detailed_status,
        status: detailed_status.status.type,
        status_message: detailed_status.status.message || null,
      }
    }),
  )
}

async function versions({ store }: ModelApiParts, name: string): Promise<unknown> {
  const app = await store.read(name)
  if (!app) return { ...notFound(name), versions: [] }
  return {
    result: 'success',
    message: `${name} has ${app.versions.length} versions`,
    versions: app.versions.map(({ version }) => ({ version, deployed: version === app.deployed })),
  }
}

async function del({ store, announce }: ModelApiParts, { name, body }: ModelRequest): Promise<unknown> {
  const version = versionIn(body)
  const app = await store.read(name)
  if (!app) return { result: 'noop', message: `no application ${name}, nothing to delete`, undeploy: false }
  if (version !== undefined && manifestOf(app, version) === undefined)
    return {
      result: 'noop',
      message: `${name} has no version ${version}, nothing to delete`,
      undeploy: false,
    }
  const undeploys = app.deployed !== undefined && (version === undefined || app.deployed === version)
  const isLast = version === undefined || app.versions.length === 1
  if (isLast) await store.remove(name)
  else await store.change(name, (stored) => stored && withoutVersion(stored, version))
  if (undeploys) announce({ name: 'manifest_unpublished', data: { name } })
  const what = version === undefined ? `${name} with all its versions` : `${name} ${version}`
  return { result: 'deleted', message: `deleted ${what}`, undeploy: undeploys }
}

async function status({ store, status: statusFor }: ModelApiParts, name: string): Promise<unknown> {
  const app = await store.read(name)
  if (!app) return { ...notFound(name), status: null }
  return {
    result: 'ok',
    message: `status of ${name}`,
    status: await statusFor(name, app),
  }
}

async function history({ store }: ModelApiParts, name: string): Promise<unknown> {
  const app = await store.read(name)
  if (!app) return { ...notFound(name), history: [] }
  return { result: 'success', message: `history of ${name}`, history: app.history ?? [] }
}
