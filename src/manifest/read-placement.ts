import { Fields } from './fields.ts'
import type { Located } from './located.ts'
import type { Report } from './report.ts'

/** How the instances of a component lie on the hosts that its scaler allows; what is left out is as for every component. */
export interface PlacementTrait {
  /** The label of hosts whose values are failure domains, `zone` when left out: few instances go to different ones. */
  readonly domain?: string
  /** How many instances a host should have before another one is used; 1 when left out: as wide as possible. */
  readonly perHost?: number
}

/** Reads the properties of a `placement` trait. */
export function readPlacement(report: Report, node: Located): PlacementTrait {
  const fields = Fields.open(report, node, {
    what: 'the placement',
    known: ['domain', 'perHost'],
    others: 'refused',
  })
  if (!fields) return {}
  const domain = fields.has('domain') ? fields.requiredText('domain', '"zone"') : undefined
  const perHost = fields.count('perHost')
  if (perHost === 0)
    report.problem(fields.get('perHost')?.offset ?? fields.offset, '"perHost" is 0, expected 1 or more')
  return { ...(domain !== undefined && { domain }), ...(perHost ? { perHost } : {}) }
}
