import { Fields, readString } from './fields.ts'
import { isLocatedList, type Located } from './located.ts'
import { type ConfigProperty, readConfigs, readSecrets, type SecretProperty } from './read-config.ts'
import type { Report } from './report.ts'

/** A link from the component it stands at to another component of the manifest. */
export interface ManifestLink {
  readonly name: string
  /** Name of a component in this manifest. */
  readonly target: string
  readonly namespace: string
  readonly package: string
  readonly interfaces: readonly string[]
  readonly source: LinkEnd
  readonly targetEnd: LinkEnd
  readonly offset: number
  readonly targetOffset: number
}

export interface LinkEnd {
  readonly config: readonly ConfigProperty[]
  readonly secrets: readonly SecretProperty[]
}

/** Reads the properties of a `link` trait, the older spelling (target as text, `target_config`) included. */
export function readLink(report: Report, node: Located): ManifestLink | undefined {
  const fields = Fields.open(report, node, {
    what: 'the link',
    known: [
      'namespace',
      'package',
      'interfaces',
      'target',
      'source',
      'name',
      'target_config',
      'source_config',
    ],
    others: 'ignored',
  })
  if (!fields) return undefined
  const namespace = readWitName(fields, 'namespace', 'wasi')
  const pkg = readWitName(fields, 'package', 'keyvalue')
  const interfaces = readInterfaces(fields)
  const target = readTarget(fields)
  const source = readSource(fields)
  const name = fields.text('name') ?? 'default'
  if (!namespace || !pkg || !interfaces || !target) return undefined
  return {
    name,
    target: target.name,
    namespace,
    package: pkg,
    interfaces,
    source,
    targetEnd: target.end,
    offset: fields.offset,
    targetOffset: target.offset,
  }
}

/** A WIT package such as `wasi:keyvalue` is told in two parts, and without its version. */
function readWitName(fields: Fields, field: 'namespace' | 'package', example: string): string | undefined {
  const name = fields.requiredText(field, example)
  if (name === undefined || isWitName(name)) return name
  fields.report.problem(
    fields.get(field)?.offset ?? fields.offset,
    `${field} "${name}" is no name of WIT, expected one such as ${example}, without ":", "/" or "@"`,
  )
  return undefined
}

function readInterfaces(fields: Fields): readonly string[] | undefined {
  const expected = 'a list such as [store, atomics]'
  if (!fields.has('interfaces')) return fields.missing('interfaces', expected)
  const nodes = fields.list('interfaces')
  const offset = fields.get('interfaces')?.offset ?? fields.offset
  if (nodes.length === 0) {
    if (isLocatedList(fields.get('interfaces')?.value ?? null))
      fields.report.problem(offset, `"interfaces" of the link is empty, expected ${expected}`)
    return undefined
  }
  const names = nodes.map((node) => readInterface(fields.report, node))
  return names.every((name) => name !== undefined) ? names : undefined
}

function readInterface(report: Report, node: Located): string | undefined {
  const name = readString(report, node, 'an interface')
  if (name === undefined || isWitName(name)) return name
  report.problem(
    node.offset,
    `interface "${name}" is no name of WIT, expected one such as store, without its package or version`,
  )
  return undefined
}

function isWitName(name: string): boolean {
  return /^%?[a-z][a-z0-9]*(-[a-z0-9]+)*$/i.test(name)
}

function readTarget(fields: Fields): { name: string; offset: number; end: LinkEnd } | undefined {
  const node = fields.get('target')
  if (!node) return fields.missing('target', '"name: <component of this manifest>"')
  if (typeof node.value === 'string')
    return { name: node.value, offset: node.offset, end: readEnd(fields, 'target_config', undefined) }
  const target = Fields.open(fields.report, node, {
    what: 'the target of the link',
    known: ['name', 'config', 'secrets'],
    others: 'ignored',
  })
  const name = target?.requiredText('name', 'the name of a component of this manifest')
  if (!target || name === undefined) return undefined
  const offset = target.get('name')?.offset ?? node.offset
  return { name, offset, end: readEnd(fields, 'target_config', target) }
}

function readSource(fields: Fields): LinkEnd {
  const node = fields.get('source')
  const source =
    node &&
    Fields.open(fields.report, node, {
      what: 'the source of the link',
      known: ['config', 'secrets'],
      others: 'ignored',
    })
  return readEnd(fields, 'source_config', source)
}

function readEnd(
  link: Fields,
  olderField: 'source_config' | 'target_config',
  end: Fields | undefined,
): LinkEnd {
  const older = readConfigs(link.report, link.list(olderField))
  if (!end) return { config: older, secrets: [] }
  const olderNode = link.get(olderField)
  if (olderNode) {
    const newer = olderField.replace('_', '.')
    link.report.warning(
      olderNode.offset,
      `"${olderField}" is the old spelling of "${newer}", which stands here too: it is ignored`,
    )
  }
  return {
    config: readConfigs(link.report, end.list('config')),
    secrets: readSecrets(link.report, end.list('secrets')),
  }
}
