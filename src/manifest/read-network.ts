import type { NetworkSettings } from '../component-settings.ts'
import { Fields, readString } from './fields.ts'
import type { Located } from './located.ts'
import type { Report } from './report.ts'

const kinds = ['tcp', 'udp', 'listen', 'http'] as const

/** A name, a pattern of names, an address or a range. */
const networkHost =
  '(\\*|(\\*\\.)?[A-Za-z0-9_]([\\w.-]*[\\w.])?|\\d+\\.\\d+\\.\\d+\\.\\d+(/\\d+)?|\\[[0-9A-Fa-f:.]+\\](/\\d+)?)'
const address = '(\\*|\\d+\\.\\d+\\.\\d+\\.\\d+(/\\d+)?|\\[[0-9A-Fa-f:.]+\\](/\\d+)?)'
const port = '(\\d{1,5}|\\*)'

/** What an entry of each kind looks like, as the pattern of a JSON Schema, with one that is right. */
export const networkEntries = {
  tcp: { pattern: `^${networkHost}:${port}$`, example: 'db.example.com:5432' },
  udp: { pattern: `^${networkHost}:${port}$`, example: '10.0.0.0/8:53' },
  listen: { pattern: `^${address}:${port}$`, example: '127.0.0.1:7000' },
  http: { pattern: `^${networkHost}(:${port})?$`, example: 'api.example.com' },
} as const

/** Reads the properties of a `network` trait: what the component may reach itself. */
export function readNetwork(report: Report, node: Located): NetworkSettings {
  const fields = Fields.open(report, node, { what: 'the network', known: kinds, others: 'refused' })
  if (!fields) return {}
  return Object.fromEntries(
    kinds.filter((kind) => fields.has(kind)).map((kind) => [kind, readEntries(report, fields, kind)]),
  )
}

function readEntries(report: Report, fields: Fields, kind: (typeof kinds)[number]): string[] {
  const { pattern, example } = networkEntries[kind]
  return fields.list(kind).flatMap((item) => {
    const text = readString(report, item, `an entry of "${kind}" of the network`)
    if (text === undefined) return []
    if (!new RegExp(pattern).test(text))
      report.problem(item.offset, `"${text}" in "${kind}" of the network, expected one such as ${example}`)
    return [text]
  })
}
