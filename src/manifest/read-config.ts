import { Fields } from './fields.ts'
import type { Located } from './located.ts'
import type { Report } from './report.ts'

/** A named config. With properties the application owns it; without, it must already exist under this very name. */
export interface ConfigProperty {
  readonly name: string
  readonly properties: Readonly<Record<string, string>> | undefined
  readonly offset: number
}

/** A secret that a component or link end may read; its policy names the backend. */
export interface SecretProperty {
  readonly name: string
  readonly policy: string
  readonly key: string
  readonly field: string | undefined
  readonly version: string | undefined
  readonly offset: number
}

export function readConfigs(report: Report, nodes: readonly Located[]): ConfigProperty[] {
  return nodes.flatMap((node) => {
    const fields = Fields.open(report, node, {
      what: 'a config',
      known: ['name', 'properties'],
      others: 'refused',
    })
    const name = fields?.requiredText('name', '"hello-config"')
    if (!fields || name === undefined) return []
    const properties = fields.has('properties') ? fields.texts('properties') : undefined
    if (properties === undefined && !/^[\w/=-]+$/.test(name))
      report.problem(
        fields.get('name')?.offset ?? fields.offset,
        `config "${name}" has no properties, so it must exist under this name, which no config can have: ` +
          'expected letters, digits, "-", "_", "/", "="',
      )
    return [{ name, properties, offset: fields.offset }]
  })
}

export function readSecrets(report: Report, nodes: readonly Located[]): SecretProperty[] {
  return nodes.flatMap((node) => {
    const fields = Fields.open(report, node, {
      what: 'a secret',
      known: ['name', 'properties'],
      others: 'ignored',
    })
    const name = fields?.requiredText('name', '"api-key"')
    if (!fields || name === undefined) return []
    const inner = fields.get('properties')
    if (!inner) {
      fields.missing('properties', 'fields "policy" and "key"')
      return []
    }
    const secret = Fields.open(report, inner, {
      what: `the properties of secret "${name}"`,
      known: ['policy', 'key', 'field', 'version'],
      others: 'ignored',
    })
    const policy = secret?.requiredText('policy', 'the name of an entry in spec.policies')
    const key = secret?.requiredText('key', 'the key at the backend')
    if (!secret || policy === undefined || key === undefined) return []
    return [
      {
        name,
        policy,
        key,
        field: secret.text('field'),
        version: secret.text('version'),
        offset: fields.offset,
      },
    ]
  })
}
