import { Fields, readString } from './fields.ts'
import type { Located } from './located.ts'
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
  const namespace = fields.requiredText('namespace', 'wasi')
  const pkg = fields.requiredText('package', 'keyvalue')
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

function readInterfaces(fields: Fields): readonly string[] | undefined {
  const nodes = fields.list('interfaces')
  if (!fields.has('interfaces') || nodes.length === 0) {
    return fields.missing('interfaces', 'a list such as [store, atomics]')
  }
  const names = nodes.map((node) => readString(fields.report, node, 'an interface'))
  return names.every((name) => name !== undefined) ? names : undefined
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

function readEnd(link: Fields, olderField: string, end: Fields | undefined): LinkEnd {
  const older = readConfigs(link.report, link.list(olderField))
  const config = end ? readConfigs(link.report, end.list('config')) : []
  return { config: [...older, ...config], secrets: end ? readSecrets(link.report, end.list('secrets')) : [] }
}
