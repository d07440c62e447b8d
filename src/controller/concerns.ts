import type { DesiredApp } from './desired.ts'
import type { Made } from './made.ts'

/** Something that may change in a lattice: one text for each. */
export const concern = {
  /** A component or provider. */
  workload: (id: string) => `workload ${id}`,
  /** The links of a component or provider. */
  linksOf: (id: string) => `links of ${id}`,
  config: (name: string) => `config ${name}`,
  application: (name: string) => `application ${name}`,
}

/** All that an application's plan depends on, the hosts aside. `refersTo` are applications whose components it links. */
export function concernsOf(
  name: string,
  of: {
    readonly desired: DesiredApp | undefined
    readonly made: Made | undefined
    readonly refersTo: readonly string[]
  },
): ReadonlySet<string> {
  const { workloads = [], links = [], configs = [] } = of.desired ?? {}
  const made = of.made ?? { links: [], configs: [] }
  return new Set([
    concern.application(name),
    ...of.refersTo.map(concern.application),
    ...workloads.map(({ id }) => concern.workload(id)),
    ...[...links.map(({ link }) => link), ...made.links].map((link) => concern.linksOf(link.source_id)),
    ...workloads.flatMap(({ config }) => config.map(concern.config)),
    ...[...configs.map((config) => config.name), ...made.configs].map(concern.config),
  ])
}
