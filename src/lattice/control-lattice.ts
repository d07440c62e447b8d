import type { NatsConnection } from 'nats'
import { WeftError } from '../errors.ts'
import type { Buckets, ConfigMap } from './buckets.ts'
import { deleteLinkBody, putLinkBody, readBody } from './control-bodies.ts'
import { type Answer, accepted } from './control-host.ts'
import type { PublishEvent } from './events.ts'
import type { Link } from './link.ts'
import { oneToken, providerSubjects } from './subjects.ts'

/** What serving the lattice takes: any host does it for all of them, from the buckets alone. */
export interface LatticeParts {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly buckets: Buckets
  readonly publishEvent: PublishEvent
}

/** The requests that concern the whole lattice: links, config and claims, by `{kind}.{operation}[.*]`. */
export function latticeAnswers(parts: LatticeParts): Readonly<Record<string, Answer>> {
  const { buckets, publishEvent } = parts
  return {
    'link.put': (body) => putLink(parts, readBody(body, putLinkBody)),
    'link.del': (body) => deleteLink(parts, body),
    'link.get': async () => accepted([...(await buckets.readSpecs()).values()].flatMap((spec) => spec.links)),
    'claims.get': async () => accepted((await buckets.readClaims()).map(flatClaims)),
    'config.put.*': async (body, name) => {
      await buckets.putConfig(name, configText(body))
      publishEvent('config_set', { config_name: name })
      return accepted(undefined, 'successfully put config')
    },
    'config.get.*': async (_, name) => {
      const config = await buckets.readConfig(name)
      return config === undefined ? accepted(undefined, 'Configuration not found') : accepted(config)
    },
    'config.del.*': async (_, name) => {
      await buckets.deleteConfig(name)
      publishEvent('config_deleted', { config_name: name })
      return accepted(undefined, 'successfully deleted config')
    },
  }
}

async function putLink(parts: LatticeParts, link: Link) {
  try {
    oneToken('source_id', link.source_id)
    oneToken('target', link.target)
    const configs = await readConfigs(parts.buckets, [...link.source_config, ...link.target_config])
    await parts.buckets.putLink(link)
    announceLink(parts, link, configs)
  } catch (error) {
    parts.publishEvent('linkdef_set_failed', { ...link, error: WeftError.from(error).message })
    throw error
  }
  parts.publishEvent('linkdef_set', link)
  return accepted(undefined, 'successfully set link')
}

async function deleteLink(parts: LatticeParts, body: Uint8Array) {
  const key = readBody(body, deleteLinkBody)
  const { found, removed } = await parts.buckets.deleteLink(key)
  if (!found) return accepted(undefined, "successfully deleted link (spec doesn't exist)")
  if (removed) {
    const payload = JSON.stringify(resolved(removed, { source_config: {}, target_config: {} }))
    for (const end of ends(removed)) {
      parts.connection.publish(providerSubjects(parts.lattice, end).linkDel, payload)
    }
  }
  const { source_id, name, wit_namespace, wit_package } = key
  const gone = removed ? { target: removed.target, interfaces: removed.interfaces } : {}
  parts.publishEvent('linkdef_deleted', { source_id, name, wit_namespace, wit_package, ...gone })
  return accepted(undefined, 'successfully deleted link')
}

/** The named configs; an error names every one that does not exist. */
async function readConfigs(
  buckets: Buckets,
  names: readonly string[],
): Promise<ReadonlyMap<string, ConfigMap>> {
  const found = new Map<string, ConfigMap>()
  const missing: string[] = []
  for (const name of new Set(names)) {
    const config = await buckets.readConfig(name)
    if (config) found.set(name, config)
    else
      missing.push(
        `${isSecret(name) ? 'Secret reference' : 'Configuration'} ${name} not found in config store. `,
      )
  }
  if (missing.length === 0) return found
  throw new WeftError('invalid', `Failed to validate configuration and secrets. ${missing.join('')}`)
}

/** Tells providers from before 1.1, which hear of links only this way. A link with secrets must not go in the open. */
function announceLink(parts: LatticeParts, link: Link, configs: ReadonlyMap<string, ConfigMap>): void {
  if ([...link.source_config, ...link.target_config].some(isSecret)) return
  const merge = (names: readonly string[]): ConfigMap =>
    Object.fromEntries(names.flatMap((name) => Object.entries(configs.get(name) ?? {})))
  const maps = { source_config: merge(link.source_config), target_config: merge(link.target_config) }
  const payload = JSON.stringify(resolved(link, maps))
  for (const end of ends(link)) {
    parts.connection.publish(providerSubjects(parts.lattice, end).linkPut, payload)
  }
}

function resolved(link: Link, configs: { source_config: ConfigMap; target_config: ConfigMap }) {
  return { ...link, ...configs, source_secrets: null, target_secrets: null }
}

function ends(link: Link): readonly string[] {
  return [link.source_id, link.target]
}

function isSecret(name: string): boolean {
  return name.startsWith('SECRET')
}

function configText(body: Uint8Array): string {
  const wrongShape = 'config data should be a map of string -> string'
  try {
    const json = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
    const value: unknown = JSON.parse(json)
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (isMap && Object.values(value).every((item) => typeof item === 'string')) return json
  } catch (cause) {
    throw new WeftError('invalid', wrongShape, { cause })
  }
  throw new WeftError('invalid', wrongShape)
}

/** Claims as `claims.get` shows them: strings only, and both the long and the short names. */
function flatClaims(claims: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const of = (...keys: readonly string[]): string => {
    const value = keys.map((key) => claims[key]).find((given) => given !== undefined && given !== null)
    return Array.isArray(value) ? value.join(',') : value === undefined ? '' : String(value)
  }
  const issuer = of('issuer', 'iss')
  const subject = of('subject', 'sub')
  const revision = of('revision', 'rev')
  const common = {
    iss: issuer,
    issuer,
    name: of('name'),
    rev: revision,
    revision,
    sub: subject,
    subject,
    version: of('version'),
  }
  // Subjects are nkeys: V… is a provider, M… a component.
  if (subject.startsWith('V')) return { ...common, config_schema: of('config_schema') }
  return { ...common, call_alias: of('call_alias'), tags: of('tags') }
}
