import type { ComponentSettings } from '../component-settings.ts'
import { Fields } from './fields.ts'
import type { Located } from './located.ts'
import type { ManifestComponent } from './manifest.ts'
import { didYouMean } from './nearest-name.ts'
import { readAutoscaler } from './read-autoscaler.ts'
import { readCli } from './read-cli.ts'
import { readLimits, readReuse } from './read-limits.ts'
import { readLink } from './read-link.ts'
import { readNetwork } from './read-network.ts'
import { readPlacement } from './read-placement.ts'
import { readRollout } from './read-rollout.ts'
import { readScaler } from './read-scaler.ts'
import { readTelemetry } from './read-telemetry.ts'
import { readVolumes } from './read-volumes.ts'
import type { Report } from './report.ts'

type Traits = Pick<
  ManifestComponent,
  'scaler' | 'autoscaler' | 'placement' | 'rollout' | 'links' | 'settings'
>

/** What each trait type adds to a component. A new trait type is one more line here. */
const traitTypes: Readonly<Record<string, (report: Report, properties: Located) => Partial<Traits>>> = {
  spreadscaler: (report, properties) => scalerOf(report, properties, 'spread'),
  daemonscaler: (report, properties) => scalerOf(report, properties, 'daemon'),
  link: (report, properties) => {
    const link = readLink(report, properties)
    return { links: link ? [link] : [] }
  },
  autoscaler: (report, properties) => ({ autoscaler: readAutoscaler(report, properties) }),
  placement: (report, properties) => ({ placement: readPlacement(report, properties) }),
  rollout: (report, properties) => ({ rollout: readRollout(report, properties) }),
  limits: (report, properties) => ({ settings: { limits: readLimits(report, properties) } }),
  telemetry: (report, properties) => ({ settings: { telemetry: readTelemetry(report, properties) } }),
  cli: (report, properties) => ({ settings: { cli: readCli(report, properties) } }),
  volumes: (report, properties) => ({ settings: { volumes: readVolumes(report, properties) } }),
  network: (report, properties) => ({ settings: { network: readNetwork(report, properties) } }),
  reuse: (report, properties) => {
    const reuse = readReuse(report, properties)
    return reuse ? { settings: { reuse } } : {}
  },
}

function scalerOf(report: Report, properties: Located, kind: 'spread' | 'daemon'): Partial<Traits> {
  const scaler = readScaler(report, properties, kind)
  return scaler ? { scaler } : {}
}

/** Reads the traits of a component: at most one scaler and one of each kind of settings, any number of links. */
export function readTraits(report: Report, nodes: readonly Located[]): Traits {
  let traits: Traits = {
    scaler: undefined,
    autoscaler: undefined,
    placement: undefined,
    rollout: undefined,
    links: [],
    settings: {},
  }
  for (const node of nodes) {
    const read = readTrait(report, node)
    if (read.scaler && traits.scaler)
      report.problem(
        node.offset,
        'a second scaler on one component would work against the first, expected one',
      )
    for (const name of ['autoscaler', 'placement', 'rollout'] as const) {
      if (read[name] && traits[name])
        report.problem(node.offset, `a second trait "${name}" on one component, expected one`)
    }
    for (const name of keysOf(read.settings)) {
      if (traits.settings[name])
        report.problem(node.offset, `a second trait "${name}" on one component, expected one`)
    }
    traits = {
      scaler: traits.scaler ?? read.scaler,
      autoscaler: traits.autoscaler ?? read.autoscaler,
      placement: traits.placement ?? read.placement,
      rollout: traits.rollout ?? read.rollout,
      links: [...traits.links, ...(read.links ?? [])],
      settings: { ...traits.settings, ...read.settings },
    }
  }
  return traits
}

function keysOf(settings: ComponentSettings = {}): (keyof ComponentSettings)[] {
  return Object.keys(settings) as (keyof ComponentSettings)[]
}

function readTrait(report: Report, node: Located): Partial<Traits> {
  const fields = Fields.open(report, node, {
    what: 'a trait',
    known: ['type', 'properties'],
    others: 'refused',
  })
  const type = fields?.requiredText('type', Object.keys(traitTypes).join(', '))
  if (!fields || type === undefined) return {}
  const read = Object.hasOwn(traitTypes, type) ? traitTypes[type] : undefined
  if (!read) {
    const known = Object.keys(traitTypes)
    const hint = didYouMean(type, known) || `, expected one of ${known.join(', ')}`
    report.problem(fields.get('type')?.offset ?? fields.offset, `trait type "${type}" is not known${hint}`)
    return {}
  }
  const properties = fields.get('properties')
  if (!properties) fields.missing('properties', `the properties of the ${type}`)
  return properties ? read(report, properties) : {}
}
