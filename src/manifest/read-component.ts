import { Fields } from './fields.ts'
import type { Located } from './located.ts'
import type { ManifestComponent } from './manifest.ts'
import { didYouMean } from './nearest-name.ts'
import { readConfigs, readSecrets } from './read-config.ts'
import { readTraits } from './read-traits.ts'
import type { Report } from './report.ts'

/** A component with the places that checks across components point at. */
export interface LocatedComponent {
  readonly component: ManifestComponent
  readonly nameOffset: number
  readonly idOffset: number
}

const kinds: Readonly<Record<string, ManifestComponent['kind']>> = {
  component: 'component',
  actor: 'component',
  capability: 'capability',
}

/** Reads one entry of `spec.components`. */
export function readComponent(report: Report, node: Located): LocatedComponent | undefined {
  const fields = Fields.open(report, node, {
    what: 'a component',
    known: ['name', 'type', 'properties', 'traits'],
    others: 'ignored',
  })
  if (!fields) return undefined
  const name = fields.requiredText('name', '"hello"')
  const kind = readKind(fields)
  const traits = readTraits(report, fields.list('traits'))
  checkAutoscaler(fields, kind, traits)
  const properties = readProperties(fields)
  if (name === undefined) return undefined
  // What is wrong was told; the rest is good enough to find what else is wrong.
  const { idOffset, ...read } = properties ?? { ...unread, idOffset: fields.offset }
  const { from, config, secrets } = read
  if ('application' in from)
    warnOfIgnored(fields, { name, application: from.application, config, secrets, ...traits })
  return {
    component: { name, kind: kind ?? 'component', ...read, ...traits },
    nameOffset: fields.get('name')?.offset ?? fields.offset,
    idOffset,
  }
}

function checkAutoscaler(
  fields: Fields,
  kind: ManifestComponent['kind'] | undefined,
  { autoscaler, scaler }: Pick<ManifestComponent, 'autoscaler' | 'scaler'>,
): void {
  if (!autoscaler) return
  const where = fields.get('traits')?.offset ?? fields.offset
  if (kind === 'capability')
    fields.report.problem(where, 'an autoscaler on a provider, expected one on components only')
  if (scaler?.kind === 'daemon')
    fields.report.problem(
      where,
      'an autoscaler beside a daemonscaler, which wants a fixed number on each host: use a spreadscaler',
    )
}

const unread = { from: { image: '' }, id: undefined, imageOffset: 0, config: [], secrets: [] }

/** wadm takes these and does nothing with them. */
function warnOfIgnored(
  fields: Fields,
  of: Pick<ManifestComponent, 'name' | 'config' | 'secrets' | 'scaler'> & { readonly application: string },
): void {
  const owner = `"${of.name}" belongs to application "${of.application}"`
  if (of.config.length > 0 || of.secrets.length > 0)
    fields.report.warning(fields.offset, `${owner}: config and secrets that stand here are ignored`)
  if (of.scaler)
    fields.report.warning(fields.offset, `${owner}, which scales it: the scaler that stands here is ignored`)
}

function readKind(fields: Fields): ManifestComponent['kind'] | undefined {
  const type = fields.requiredText('type', '"component" or "capability"')
  if (type === undefined) return undefined
  const kind = Object.hasOwn(kinds, type) ? kinds[type] : undefined
  if (!kind)
    fields.report.problem(
      fields.get('type')?.offset ?? fields.offset,
      `type "${type}" is not known${didYouMean(type, ['component', 'capability']) || ', expected "component" or "capability"'}`,
    )
  return kind
}

type Properties = Pick<ManifestComponent, 'from' | 'id' | 'imageOffset' | 'config' | 'secrets'> & {
  readonly idOffset: number
}

function readProperties(component: Fields): Properties | undefined {
  const { report } = component
  const node = component.get('properties')
  if (!node) return component.missing('properties', 'a map with "image: <reference>"')
  const fields = Fields.open(report, node, {
    what: `the properties of ${componentName(component)}`,
    known: ['image', 'application', 'id', 'config', 'secrets'],
    others: 'refused',
  })
  if (!fields) return undefined
  const from = readFrom(fields)
  const id = fields.text('id')
  const idOffset = fields.get('id')?.offset ?? fields.offset
  if (id !== undefined && !/^[\w-]+$/.test(id))
    report.problem(
      idOffset,
      `id "${id}" can't be part of a NATS subject, expected letters, digits, "-" and "_"`,
    )
  const config = readConfigs(report, fields.list('config'))
  const secrets = readSecrets(report, fields.list('secrets'))
  const imageOffset = fields.get('image')?.offset ?? fields.offset
  return from && { from, id, idOffset, imageOffset, config, secrets }
}

function componentName(component: Fields): string {
  const name = component.get('name')?.value
  return typeof name === 'string' ? `"${name}"` : 'a component'
}

function readFrom(fields: Fields): ManifestComponent['from'] | undefined {
  const application = fields.get('application')
  if (!application) {
    if (!fields.has('image'))
      return fields.missing('image', '"image: ghcr.io/…", "image: file://./x.wasm" or "application:"')
    const image = fields.requiredText('image', 'ghcr.io/wasmcloud/components/http-hello-world-rust:0.1.0')
    return image === undefined ? undefined : { image }
  }
  if (fields.has('image')) {
    fields.report.problem(
      application.offset,
      'both "image" and "application" stand here, expected one of them',
    )
    return undefined
  }
  const other = Fields.open(fields.report, application, {
    what: 'the application',
    known: ['name', 'component'],
    others: 'ignored',
  })
  const name = other?.requiredText('name', 'the name of the application')
  const component = other?.requiredText('component', 'the name of a component of that application')
  return name === undefined || component === undefined ? undefined : { application: name, component }
}
