import type { NatsConnection } from 'nats'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { Bucket } from './bucket.ts'
import { type Watch, watchBucket } from './bucket-watch.ts'
import type { ComponentSpec, Link } from './link.ts'
import { sameLink, withLink, withoutLink } from './link-set.ts'
import { type LinkKey, specShape } from './link-shape.ts'
import { anything, mapOf, parseJson, type Shape, text } from './shape.ts'
import { oneToken } from './subjects.ts'

export type ConfigMap = Readonly<Record<string, string>>

/** What the lattice keeps in JetStream: links, references, configuration and claims. The same for every host. */
export interface Buckets {
  readSpec(id: string): Promise<ComponentSpec | undefined>
  readSpecs(): Promise<ReadonlyMap<string, ComponentSpec>>
  /** Notes the reference of a component or provider and keeps its links. */
  writeSpec(id: string, url: string): Promise<void>
  putLink(link: Link): Promise<void>
  /** `found` is false when the source has no spec at all; `removed` is undefined when no link matched. */
  deleteLink(key: LinkKey): Promise<{ readonly found: boolean; readonly removed: Link | undefined }>
  /** Stores the text as it is; it must be a JSON object of strings. */
  putConfig(name: string, json: string): Promise<void>
  readConfig(name: string): Promise<ConfigMap | undefined>
  deleteConfig(name: string): Promise<void>
  /** Notes the claims of what was started, for `claims.get` on every host. */
  writeClaims(subject: string, claims: Readonly<Record<string, unknown>>): Promise<void>
  /** The values of the `CLAIMS_*` entries. */
  readClaims(): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** Resolves when all specs were handed over; undefined is a spec that was deleted. */
  watchSpecs(onSpec: (id: string, spec: ComponentSpec | undefined) => void | Promise<void>): Promise<Watch>
  /** Resolves when all config was handed over; undefined is a config that was deleted. */
  watchConfig(onConfig: (name: string, config: ConfigMap | undefined) => void | Promise<void>): Promise<Watch>
}

const specPrefix = 'COMPONENT_'
const claimsPrefix = 'CLAIMS_'
const configShape = mapOf(text)
const claimsShape = mapOf(anything)

/** Opens the lattice's two buckets, made when they are not there. */
export async function openBuckets(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly log: Log
}): Promise<Buckets> {
  const lattice = oneToken('lattice', options.lattice)
  const data = await Bucket.open(options.connection, `LATTICEDATA_${lattice}`)
  const config = await Bucket.open(options.connection, `CONFIGDATA_${lattice}`)
  return bucketsOf({ data, config, log: options.log })
}

function bucketsOf({ data, config, log }: { data: Bucket; config: Bucket; log: Log }): Buckets {
  return {
    async readSpec(id) {
      const bytes = await data.get(specKey(id))
      return bytes === undefined
        ? undefined
        : parseEntry({ bucket: data, key: specKey(id), bytes }, specShape)
    },
    async readSpecs() {
      const specs = readable(
        { bucket: data, entries: await data.entries(), prefix: specPrefix, log },
        specShape,
      )
      return new Map(specs)
    },
    writeSpec: async (id, url) =>
      changeSpec(data, id, (spec) => (spec?.url === url ? undefined : { url, links: spec?.links ?? [] })),
    putLink: async (link) =>
      changeSpec(data, link.source_id, (spec) => {
        if (spec?.links.some((other) => sameLink(other, link))) return undefined
        return { url: spec?.url ?? '', links: withLink(spec?.links ?? [], link) }
      }),
    async deleteLink(key) {
      let result: { found: boolean; removed: Link | undefined } = { found: false, removed: undefined }
      await changeSpec(data, key.source_id, (spec) => {
        const { links, removed } = withoutLink(spec?.links ?? [], key)
        result = { found: spec !== undefined, removed }
        return spec && removed ? { url: spec.url, links } : undefined
      })
      return result
    },
    async putConfig(name, json) {
      parseJson(new TextEncoder().encode(json), configShape)
      await config.put(oneToken('config name', name), json)
    },
    async readConfig(name) {
      const bytes = await config.get(oneToken('config name', name))
      return bytes === undefined ? undefined : parseEntry({ bucket: config, key: name, bytes }, configShape)
    },
    deleteConfig: async (name) => config.purge(oneToken('config name', name)),
    async writeClaims(subject, claims) {
      const key = `${claimsPrefix}${oneToken('claims subject', subject)}`
      const json = JSON.stringify(claims)
      const before = await data.get(key)
      if (before === undefined || new TextDecoder().decode(before) !== json) await data.put(key, json)
    },
    async readClaims() {
      const entries = await data.entries()
      return readable({ bucket: data, entries, prefix: claimsPrefix, log }, claimsShape).map(
        ([, claims]) => claims,
      )
    },
    watchSpecs: (onSpec) => watchEntries({ bucket: data, prefix: specPrefix, log }, specShape, onSpec),
    watchConfig: (onConfig) => watchEntries({ bucket: config, prefix: '', log }, configShape, onConfig),
  }
}

function specKey(id: string): string {
  return `${specPrefix}${oneToken('component or provider id', id)}`
}

function changeSpec(
  data: Bucket,
  id: string,
  next: (spec: ComponentSpec | undefined) => ComponentSpec | undefined,
): Promise<void> {
  const key = specKey(id)
  return data.change(key, (bytes) => {
    const spec = next(bytes === undefined ? undefined : parseEntry({ bucket: data, key, bytes }, specShape))
    return spec === undefined ? undefined : JSON.stringify(spec)
  })
}

interface Entry {
  readonly bucket: Bucket
  readonly key: string
  readonly bytes: Uint8Array
}

function parseEntry<T>({ bucket, key, bytes }: Entry, shape: Shape<T>): T {
  try {
    return parseJson(bytes, shape)
  } catch (cause) {
    const problem = WeftError.from(cause).message
    const hint = `repair it, or delete it with \`nats kv del ${bucket.name} ${key}\``
    throw new WeftError('invalid', `${bucket.name}: the entry ${key} cannot be read: ${problem}; ${hint}`, {
      cause,
    })
  }
}

interface Selection {
  readonly bucket: Bucket
  readonly prefix: string
  readonly log: Log
}

function readable<T>(
  { entries, ...selection }: Selection & { readonly entries: ReadonlyMap<string, Uint8Array> },
  shape: Shape<T>,
): readonly (readonly [string, T])[] {
  return [...entries].flatMap(([key, bytes]) => {
    const value = key.startsWith(selection.prefix) ? parseOrSkip(selection, { key, bytes }, shape) : undefined
    return value === undefined ? [] : [[key.slice(selection.prefix.length), value] as const]
  })
}

function parseOrSkip<T>(
  { bucket, log }: Selection,
  { key, bytes }: Pick<Entry, 'key' | 'bytes'>,
  shape: Shape<T>,
): T | undefined {
  try {
    return parseJson(bytes, shape)
  } catch (error) {
    const problem = WeftError.from(error).message
    log.warn('skipped an entry that cannot be read', { bucket: bucket.name, key, error: problem })
    return undefined
  }
}

function watchEntries<T>(
  selection: Selection,
  shape: Shape<T>,
  onValue: (name: string, value: T | undefined) => void | Promise<void>,
): Promise<Watch> {
  const { bucket, prefix, log } = selection
  return watchBucket({
    bucket,
    log,
    onEntry: async (key, bytes) => {
      if (!key.startsWith(prefix)) return
      const value = bytes === undefined ? undefined : parseOrSkip(selection, { key, bytes }, shape)
      // What became unreadable is not gone: the last good value stays in force.
      if (bytes === undefined || value !== undefined) await onValue(key.slice(prefix.length), value)
    },
  })
}
