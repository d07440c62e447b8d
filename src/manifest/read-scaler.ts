import { Fields } from './fields.ts'
import type { Located } from './located.ts'
import type { Report } from './report.ts'

/** How many instances, and where. `spread`: that many in all; `daemon`: that many on every eligible host. */
export interface Scaler {
  readonly kind: 'spread' | 'daemon'
  readonly instances: number
  /** Never empty: without any in the manifest there is one, `default`, that every host meets. */
  readonly spread: readonly Spread[]
}

/** A part of the instances, for hosts that have these labels. */
export interface Spread {
  readonly name: string
  readonly requirements: Readonly<Record<string, string>>
  readonly weight: number
}

const defaultWeight = 100
/** u32: what a scale command can carry. */
const mostInstances = 4_294_967_295

/** Reads the properties of a `spreadscaler` or `daemonscaler` trait. */
export function readScaler(report: Report, node: Located, kind: Scaler['kind']): Scaler | undefined {
  const fields = Fields.open(report, node, {
    what: `the ${kind}scaler`,
    known: ['instances', 'replicas', 'spread'],
    others: 'refused',
  })
  if (!fields) return undefined
  if (fields.has('instances') && fields.has('replicas'))
    report.problem(
      fields.get('replicas')?.offset ?? fields.offset,
      '"replicas" is the old name of "instances": keep one',
    )
  const field = fields.has('replicas') && !fields.has('instances') ? 'replicas' : 'instances'
  if (!fields.has(field)) return fields.missing('instances', 'a number such as 1')
  const instances = fields.count(field)
  if (instances !== undefined && instances > mostInstances)
    report.problem(fields.get(field)?.offset ?? fields.offset, `"${field}" is more than ${mostInstances}`)
  const spread = readSpreads(report, fields.list('spread'))
  return instances === undefined ? undefined : { kind, instances, spread }
}

function readSpreads(report: Report, nodes: readonly Located[]): readonly Spread[] {
  if (nodes.length === 0) return [{ name: 'default', requirements: {}, weight: defaultWeight }]
  const names = new Set<string>()
  const spreads = nodes.flatMap((node) => {
    const fields = Fields.open(report, node, {
      what: 'a spread',
      known: ['name', 'requirements', 'weight'],
      others: 'refused',
    })
    const name = fields?.requiredText('name', '"eastcoast"')
    if (!fields || name === undefined) return []
    if (names.has(name))
      report.problem(fields.offset, `two spreads are called "${name}", expected a name for each`)
    names.add(name)
    if (!fields.names('requirements'))
      fields.missing('requirements', 'labels of hosts such as "zone: eu" (or {})')
    return [
      { name, requirements: fields.texts('requirements'), weight: fields.count('weight') ?? defaultWeight },
    ]
  })
  const first = nodes[0]
  if (first && spreads.length > 0 && spreads.every(({ weight }) => weight === 0))
    report.problem(first.offset, 'every spread has weight 0, expected one with more')
  return spreads
}
