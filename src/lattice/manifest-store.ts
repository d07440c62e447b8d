import type { NatsConnection } from 'nats'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { Bucket } from './bucket.ts'
import { type Watch, watchBucket } from './bucket-watch.ts'
import { anything, listOf, mapOf, oneOf, or, orNull, parseJson, record, type Shape, text } from './shape.ts'
import { oneToken } from './subjects.ts'

/** An application with all its versions, oldest first. */
export interface StoredApp {
  readonly versions: readonly StoredVersion[]
  /** The version that is deployed; undefined when none is. */
  readonly deployed: string | undefined
  /** What was deployed and undeployed, oldest first. */
  readonly history?: readonly StoredDeed[]
}

/** One change of what is deployed. */
export interface StoredDeed {
  readonly did: 'deploy' | 'undeploy' | 'rollback' | 'automatic rollback'
  /** The version that it deployed; of an undeploy: the one that it took away. */
  readonly version: string
  /** The version that was deployed before. */
  readonly from?: string
  /** RFC 3339. */
  readonly at: string
  /** Why, where nobody asked for it. */
  readonly reason?: string
}

export interface StoredVersion {
  readonly version: string
  /** The manifest as JSON, as it was put. */
  readonly manifest: unknown
}

/** Applications in wadm's bucket, so that a wadm on the same lattice reads the same ones. */
export interface ManifestStore {
  read(name: string): Promise<StoredApp | undefined>
  readAll(): Promise<ReadonlyMap<string, StoredApp>>
  /** Compare-and-set: `next` is asked again when somebody was faster; undefined leaves it as it is. */
  change(name: string, next: (stored: StoredApp | undefined) => StoredApp | undefined): Promise<void>
  remove(name: string): Promise<void>
  /**
   * Tells each application and each change of one; undefined is one that was removed. Resolves when all were told. A
   * store that is lost as a whole removes nothing.
   */
  follow(onApp: (name: string, app: StoredApp | undefined) => void): Promise<Watch>
}

/** Reads a deed as it is stored, and as the API tells it. */
export const deedShape: Shape<StoredDeed> = record(
  { did: oneOf(['deploy', 'undeploy', 'rollback', 'automatic rollback']), version: text, at: text },
  { from: text, reason: text },
)
// JSON objects order names that look like numbers first, so the order of versions is kept beside them.
const storedShape = record(
  { manifests: or(mapOf(anything), {}), deployed_version: orNull(text) },
  { order: listOf(text), history: listOf(deedShape) },
)
const namesShape = listOf(text)

/** Opens the bucket `wadm_manifests`, made when it is not there. */
export async function openManifestStore(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly log: Log
}): Promise<ManifestStore> {
  const lattice = oneToken('lattice', options.lattice)
  const bucket = await Bucket.open(options.connection, 'wadm_manifests')
  const keyOf = (name: string) => `${lattice}-${oneToken('application name', name)}`
  const changeNames = (next: (names: readonly string[]) => readonly string[]) =>
    bucket.change(lattice, (bytes) => {
      const names = readNames(bytes)
      const wanted = next(names)
      return JSON.stringify(wanted) === JSON.stringify(names) ? undefined : JSON.stringify(wanted)
    })
  return {
    async read(name) {
      const bytes = await bucket.get(keyOf(name))
      return bytes === undefined ? undefined : readApp(bytes, name)
    },
    async readAll() {
      const entries = await bucket.entries()
      const apps = new Map<string, StoredApp>()
      // A name is in the list or it is another lattice's: `a-b-c` may be b-c of lattice a or c of lattice a-b.
      for (const name of readNames(entries.get(lattice))) {
        const bytes = entries.get(keyOf(name))
        if (bytes !== undefined) apps.set(name, readApp(bytes, name))
      }
      return apps
    },
    async change(name, next) {
      let changed = false
      await bucket.change(keyOf(name), (bytes) => {
        const wanted = next(bytes === undefined ? undefined : readApp(bytes, name))
        changed = wanted !== undefined
        return wanted && writeApp(wanted)
      })
      if (changed) await changeNames((names) => (names.includes(name) ? names : [...names, name]))
    },
    async remove(name) {
      await changeNames((names) => names.filter((other) => other !== name))
      await bucket.purge(keyOf(name))
    },
    follow: (onApp) => watchBucket({ bucket, log: options.log, onEntry: followApps(lattice, onApp) }),
  }
}

/**
 * Makes changes of applications from changes of entries. The list of names says which there are; it and the entries come
 * in any order, and an entry may be another lattice's.
 */
function followApps(lattice: string, onApp: (name: string, app: StoredApp | undefined) => void) {
  const entries = new Map<string, Uint8Array>()
  let names: ReadonlySet<string> = new Set()
  const tell = (name: string) => {
    const bytes = entries.get(name)
    if (bytes !== undefined) onApp(name, readApp(bytes, name))
  }
  return (key: string, value: Uint8Array | undefined) => {
    if (key === lattice && value !== undefined) {
      const before = names
      names = new Set(readNames(value))
      for (const name of before.difference(names)) onApp(name, undefined)
      for (const name of names.difference(before)) tell(name)
    } else if (key.startsWith(`${lattice}-`)) {
      const name = key.slice(lattice.length + 1)
      if (value === undefined) {
        if (!names.has(name)) entries.delete(name)
        return
      }
      entries.set(name, value)
      if (names.has(name)) tell(name)
    }
  }
}

function readNames(bytes: Uint8Array | undefined): readonly string[] {
  return bytes === undefined ? [] : parseJson(bytes, namesShape)
}

function readApp(bytes: Uint8Array, name: string): StoredApp {
  try {
    const { manifests, deployed_version, order = [], history } = parseJson(bytes, storedShape)
    const names = Object.keys(manifests)
    const known = order.filter((version) => names.includes(version))
    const versions = [...known, ...names.filter((version) => !known.includes(version))]
    return {
      versions: versions.map((version) => ({ version, manifest: manifests[version] })),
      deployed: deployed_version ?? undefined,
      ...(history && { history }),
    }
  } catch (cause) {
    const problem = WeftError.from(cause).message
    throw new WeftError('invalid', `wadm_manifests: application "${name}" cannot be read: ${problem}`, {
      cause,
    })
  }
}

function writeApp({ versions, deployed, history }: StoredApp): string {
  const manifests = Object.fromEntries(versions.map(({ version, manifest }) => [version, manifest]))
  const order = versions.map(({ version }) => version)
  return JSON.stringify({ manifests, deployed_version: deployed ?? null, order, history })
}
