import type { Json, JsonObject } from './json.ts'
import type { Manifest, ManifestComponent } from './manifest.ts'
import type { ConfigProperty, SecretProperty } from './read-config.ts'
import type { LinkEnd, ManifestLink } from './read-link.ts'

/** One part of an application that differs between two manifests. */
export interface PartChange {
  readonly part: 'application' | 'component' | 'provider' | 'link' | 'config' | 'secret' | 'policy'
  readonly name: string
  readonly change: 'added' | 'removed' | 'changed'
  /** What differs, by path; of what was added or removed, all that it says. */
  readonly fields: readonly FieldChange[]
}

export interface FieldChange {
  /** `image`, `scaler.instances`. */
  readonly field: string
  /** Undefined: it was not there. */
  readonly before: string | undefined
  readonly after: string | undefined
}

/** What deploying `after` in place of `before` changes; all of it is new when there is no `before`. */
export function diffManifests(before: Manifest | undefined, after: Manifest): readonly PartChange[] {
  const old = partsOf(before)
  const wanted = partsOf(after)
  const keys = [...new Set([...old.keys(), ...wanted.keys()])]
  return keys.flatMap((key) => diffPart(old.get(key), wanted.get(key)))
}

interface Part extends Pick<PartChange, 'part' | 'name'> {
  readonly fields: ReadonlyMap<string, string>
}

function diffPart(before: Part | undefined, after: Part | undefined): PartChange[] {
  const known = after ?? before
  if (!known) return []
  const names = [...new Set([...(before?.fields.keys() ?? []), ...(after?.fields.keys() ?? [])])]
  const fields = names
    .map((field) => ({ field, before: before?.fields.get(field), after: after?.fields.get(field) }))
    .filter((one) => one.before !== one.after)
  const change = !before ? 'added' : after ? 'changed' : 'removed'
  if (change === 'changed' && fields.length === 0) return []
  return [{ part: known.part, name: known.name, change, fields }]
}

function partsOf(manifest: Manifest | undefined): ReadonlyMap<string, Part> {
  const parts = new Map<string, Part>()
  if (!manifest) return parts
  const put = (part: Part['part'], name: string, content: Json) =>
    parts.set(`${part} ${name}`, { part, name, fields: new Map(leaves(content)) })
  const { description = null, shared } = manifest
  put('application', manifest.name, { description, shared: shared || null })
  for (const component of manifest.components)
    put(component.kind === 'component' ? 'component' : 'provider', component.name, contentOf(component))
  for (const component of manifest.components)
    for (const link of component.links) put('link', linkName(component.name, link), linkContent(link))
  const ends = manifest.components.flatMap((one) => [one, ...one.links.flatMap(endsOf)])
  for (const config of ends.flatMap((end) => end.config)) put('config', config.name, config.properties ?? {})
  for (const secret of ends.flatMap((end) => end.secrets)) put('secret', secret.name, secretContent(secret))
  for (const { name, type, properties } of manifest.policies) put('policy', name, { type, properties })
  return parts
}

function contentOf(component: ManifestComponent): Json {
  const { from, id, config, secrets, scaler, settings } = component
  return {
    ...('image' in from ? { image: from.image } : { application: `${from.application}/${from.component}` }),
    id: id ?? null,
    config: names(config),
    secrets: names(secrets),
    scaler: scaler
      ? {
          kind: scaler.kind,
          instances: scaler.instances,
          spread: Object.fromEntries(
            scaler.spread.map(({ name, requirements, weight }) => [name, { weight, ...requirements }]),
          ),
        }
      : null,
    ...plain({
      autoscaler: component.autoscaler,
      placement: component.placement,
      rollout: component.rollout,
    }),
    ...plain(settings),
  }
}

/** What traits say is plain data, its absent parts left out. */
function plain(traits: object): JsonObject {
  return JSON.parse(JSON.stringify(traits)) as JsonObject
}

function linkName(source: string, { namespace, package: pkg, target, name }: ManifestLink): string {
  const link = `${source} -(${namespace}:${pkg})-> ${target}`
  return name === 'default' ? link : `${link} "${name}"`
}

function linkContent(link: ManifestLink): Json {
  const end = ({ config, secrets }: LinkEnd): Json => ({ config: names(config), secrets: names(secrets) })
  return { interfaces: link.interfaces, source: end(link.source), target: end(link.targetEnd) }
}

function endsOf({ source, targetEnd }: ManifestLink): readonly LinkEnd[] {
  return [source, targetEnd]
}

function names(list: readonly (ConfigProperty | SecretProperty)[]): readonly string[] {
  return list.map(({ name }) => name)
}

function secretContent({ policy, key, field, version }: SecretProperty): Json {
  return { policy, key, field: field ?? null, version: version ?? null }
}

/** Every value that is not empty, by its path; a list of texts is one value. */
function leaves(value: Json, path = ''): [string, string][] {
  if (value === null) return []
  if (typeof value !== 'object') return [[path, String(value)]]
  if (Array.isArray(value)) return value.length === 0 ? [] : [[path, value.join(', ')]]
  return Object.entries(value).flatMap(([name, inner]) =>
    leaves(inner, path === '' ? name : `${path}.${name}`),
  )
}
