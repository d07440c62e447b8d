import { WeftError } from '../errors.ts'
import { deedShape, type StoredDeed } from '../lattice/manifest-store.ts'
import type { ModelRequest } from '../lattice/model-requests.ts'
import { requestModel } from '../lattice/model-requests.ts'
import { anything, count, flag, listOf, or, orNull, record, type Shape, text } from '../lattice/shape.ts'
import type { TraceHeaders } from '../trace-work.ts'
import { readStatus } from './notes.ts'
import type { Status } from './status.ts'

export interface AppSummary {
  readonly name: string
  /** The newest version. */
  readonly version: string
  readonly description: string | undefined
  readonly deployedVersion: string | undefined
  readonly status: Status
}

/** Asks a controller, ours or wadm, about applications. What it refuses is thrown with its own words. */
export interface AppClient {
  /** Stores a manifest, YAML or JSON; its file references must be absolute already. */
  put(
    manifest: string,
  ): Promise<{ readonly name: string; readonly version: string; readonly versions: number }>
  /** The manifest as it was put; the newest version unless one is named. */
  get(name: string, version?: string): Promise<unknown>
  list(): Promise<readonly AppSummary[]>
  versions(name: string): Promise<readonly { readonly version: string; readonly deployed: boolean }[]>
  /** Deploys the newest version unless one is named; gives back which. */
  deploy(name: string, version?: string): Promise<string>
  undeploy(name: string): Promise<void>
  /** Deletes one version or all; false when there was none. What was deployed of it is undeployed. */
  delete(name: string, version?: string): Promise<boolean>
  status(name: string): Promise<Status>
  /** What was deployed and undeployed when, oldest first. */
  history(name: string): Promise<readonly StoredDeed[]>
  /** Goes back to a version, or to the one that ran before; gives back which. */
  rollback(name: string, version?: string): Promise<string>
}

const resultShape = record({ result: text, message: or(text, '') })
const putShape = record({ name: text, current_version: text, total_versions: count })
const deployShape = record({ version: orNull(text) })
const versionsShape = record({ versions: listOf(record({ version: text, deployed: flag })) })
const statusShape: Shape<Status> = (value) => readStatus(value)
const summaryShape = record({
  name: text,
  version: text,
  description: orNull(text),
  deployed_version: orNull(text),
  detailed_status: statusShape,
})

/** Makes a client of the API for applications; it holds nothing but the connection. */
export function createAppClient(
  options: Pick<Parameters<typeof requestModel>[0], 'connection' | 'lattice' | 'timeoutMs'> & {
    /** The trace that its requests belong to. */
    readonly trace?: TraceHeaders | undefined
  },
): AppClient {
  const ask = async <T>(
    request: Partial<ModelRequest> & Pick<ModelRequest, 'operation'>,
    shape: Shape<T>,
  ) => {
    const reply = await requestModel({
      ...options,
      request: { name: '', body: '', trace: options.trace, ...request },
    })
    const { result, message } = resultShape(reply, '')
    if (result === 'error') throw new WeftError('invalid', message)
    if (result === 'notfound') throw new WeftError('not_found', message)
    return shape(reply, '')
  }
  const bodyOf = (version: string | undefined) => JSON.stringify(version === undefined ? {} : { version })
  return {
    async put(body) {
      const put = await ask({ operation: 'put', body }, putShape)
      return { name: put.name, version: put.current_version, versions: put.total_versions }
    },
    async get(name, version) {
      return (await ask({ operation: 'get', name, body: bodyOf(version) }, record({ manifest: anything })))
        .manifest
    },
    async list() {
      const { models } = await ask({ operation: 'get' }, record({ models: listOf(summaryShape) }))
      return models.map((model) => ({
        name: model.name,
        version: model.version,
        description: model.description ?? undefined,
        deployedVersion: model.deployed_version ?? undefined,
        status: model.detailed_status,
      }))
    },
    versions: async (name) => (await ask({ operation: 'versions', name }, versionsShape)).versions,
    async deploy(name, version) {
      const reply = await ask({ operation: 'deploy', name, body: bodyOf(version) }, deployShape)
      return reply.version ?? ''
    },
    async undeploy(name) {
      await ask({ operation: 'undeploy', name, body: '{}' }, resultShape)
    },
    delete: async (name, version) =>
      (await ask({ operation: 'del', name, body: bodyOf(version) }, resultShape)).result === 'deleted',
    history: async (name) =>
      (await ask({ operation: 'history', name }, record({ history: listOf(deedShape) }))).history,
    async rollback(name, version) {
      const reply = await ask({ operation: 'rollback', name, body: bodyOf(version) }, deployShape)
      return reply.version ?? ''
    },
    status: async (name) =>
      (await ask({ operation: 'status', name }, record({ status: statusShape }))).status,
  }
}
