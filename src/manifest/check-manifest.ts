import { checkNames } from './check-names.ts'
import { Fields } from './fields.ts'
import type { Json } from './json.ts'
import { isLocatedMap, jsonFromMap, type Located, locatedFromJson } from './located.ts'
import type { Manifest, Policy } from './manifest.ts'
import { readComponent } from './read-component.ts'
import { readText } from './read-text.ts'
import { type Problem, Report } from './report.ts'

/** `manifest` is there only when there are no problems; warnings do not count. */
export interface CheckedManifest {
  readonly manifest: Manifest | undefined
  /** As far as it could be read, also with problems: only good for finding more of them. */
  readonly readable: Manifest | undefined
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  /** A problem of the caller's own at an offset of the file, such as a link's. */
  at(offset: number, message: string): Problem
}

const apiVersion = 'core.oam.dev/v1beta1'
const sharedAnnotation = 'experimental.wasmcloud.dev/shared'

/** Reads a wadm manifest, YAML or JSON, and tells all that is wrong with it at once. Never throws on bad input. */
export function checkManifest(text: string): CheckedManifest {
  const { root, report } = readText(text)
  return check(root, report)
}

/** Checks a manifest that was read before and is JSON now: much quicker, and its problems have no places. */
export function checkStoredManifest(json: Json): CheckedManifest {
  return check(locatedFromJson(json), new Report(() => ({ line: 1, col: 1 })))
}

function check(root: Located | undefined, report: Report): CheckedManifest {
  const manifest = root && readManifest(report, root)
  const { problems, warnings } = report
  return {
    manifest: problems.length === 0 ? manifest : undefined,
    readable: manifest,
    problems,
    warnings,
    at: (offset, message) => report.at(offset, message),
  }
}

function readManifest(report: Report, root: Located): Manifest | undefined {
  const known = ['apiVersion', 'kind', 'metadata', 'spec']
  const fields = Fields.open(report, root, { what: 'the manifest', known, others: 'refused' })
  if (!fields || !isLocatedMap(root.value)) return undefined
  expectText(fields, 'apiVersion', apiVersion)
  expectText(fields, 'kind', 'Application')
  const metadata = readMetadata(fields)
  const spec = readSpec(fields, metadata?.name ?? '')
  return metadata && spec && { ...metadata, ...spec, source: jsonFromMap(root.value) }
}

function expectText(fields: Fields, name: string, expected: string): void {
  const text = fields.requiredText(name, expected)
  if (text !== undefined && text !== expected)
    fields.report.problem(
      fields.get(name)?.offset ?? fields.offset,
      `${name} is "${text}", expected ${expected}`,
    )
}

function readMetadata(
  manifest: Fields,
): Pick<Manifest, 'name' | 'version' | 'description' | 'shared'> | undefined {
  const { report } = manifest
  const node = manifest.get('metadata')
  if (!node) return manifest.missing('metadata', 'a map with "name" and "annotations"')
  const known = ['name', 'annotations', 'labels']
  const fields = Fields.open(report, node, { what: 'the metadata', known, others: 'ignored' })
  if (!fields) return undefined
  const name = fields.requiredText('name', '"my-app"')
  if (name !== undefined && !/^[-\w]+$/.test(name))
    report.problem(
      fields.get('name')?.offset ?? fields.offset,
      `the name "${name}" has other characters than expected: letters, digits, "-" and "_"`,
    )
  if (!fields.names('annotations'))
    fields.missing('annotations', 'a map, which may be empty: annotations: {}')
  for (const map of ['annotations', 'labels']) checkOamNames(fields, map)
  const annotations = new Map(fields.textFields('annotations').map((field) => [field.key, field]))
  const version = annotations.get('version')
  if (version?.text === 'latest')
    report.problem(
      version.keyOffset,
      'the version can\'t be "latest", which means the newest; expected one such as v0.0.1',
    )
  if (name === undefined) return undefined
  return {
    name,
    version: version?.text ?? '',
    description: annotations.get('description')?.text,
    shared: annotations.get(sharedAnnotation)?.text === 'true',
  }
}

/** OAM: an optional DNS subdomain and "/", then up to 63 letters, digits, "-", "_", "." between letters or digits. */
const oamName = /^[a-z0-9]([-\w.]{0,61}[a-z0-9])?$/i
const dnsLabel = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/i

function checkOamNames(fields: Fields, map: string): void {
  const value = fields.get(map)?.value
  if (value === undefined || !isLocatedMap(value)) return
  for (const [key, { keyOffset }] of value) {
    const slash = key.indexOf('/')
    const prefix = slash < 0 ? undefined : key.slice(0, slash)
    const prefixIsGood =
      prefix === undefined || (prefix.length <= 253 && prefix.split('.').every((l) => dnsLabel.test(l)))
    if (!prefixIsGood || !oamName.test(key.slice(slash + 1)))
      fields.report.problem(
        keyOffset,
        `"${key}" can't be a name in ${map}, expected one such as "owner" or "example.com/owner"`,
      )
  }
}

function readSpec(manifest: Fields, app: string): Pick<Manifest, 'components' | 'policies'> | undefined {
  const { report } = manifest
  const node = manifest.get('spec')
  if (!node) return manifest.missing('spec', 'a map with "components"')
  const fields = Fields.open(report, node, {
    what: 'the spec',
    known: ['components', 'policies'],
    others: 'ignored',
  })
  if (!fields) return undefined
  if (!fields.names('components')) fields.missing('components', 'a list of components')
  const policies = fields.list('policies').flatMap((policy) => readPolicy(report, policy))
  const components = fields.list('components').flatMap((entry) => readComponent(report, entry) ?? [])
  // With a component's name unread, a link to it would be called wrong.
  if (components.length === fields.list('components').length)
    checkNames(report, { name: app, components, policies })
  return { components: components.map(({ component }) => component), policies }
}

function readPolicy(report: Report, node: Located): readonly Policy[] {
  const known = ['name', 'type', 'properties']
  const fields = Fields.open(report, node, { what: 'a policy', known, others: 'ignored' })
  const name = fields?.requiredText('name', '"vault"')
  const type = fields?.requiredText('type', 'policy.secret.wasmcloud.dev/v1alpha1')
  if (!fields || name === undefined || type === undefined) return []
  return [{ name, type, properties: fields.texts('properties') }]
}
