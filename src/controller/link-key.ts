import type { Link } from '../lattice/link.ts'

/** What tells one link from another, and where it goes. */
export type LinkKey = Pick<Link, 'source_id' | 'target' | 'name' | 'wit_namespace' | 'wit_package'>

/** One text per place that a link can stand in; links with different targets can compete for it. */
function linkPlace({ source_id, wit_namespace, wit_package, name }: LinkKey): string {
  return `${source_id} ${wit_namespace}:${wit_package} ${name}`
}

export function sameLinkKey(a: LinkKey, b: LinkKey): boolean {
  return linkPlace(a) === linkPlace(b) && a.target === b.target
}

/** All that a link says, as text; the order of interfaces says nothing, the order of configs does. */
export function linkContent(link: Link): string {
  const { interfaces, source_config, target_config } = link
  return JSON.stringify([linkIdentity(link), interfaces.toSorted(), source_config, target_config])
}

/** True when `b` stands in the way of `a`: one target per interface and link name. */
export function competes(a: Link, b: Link): boolean {
  const common = a.interfaces.some((name) => b.interfaces.includes(name))
  return linkPlace(a) === linkPlace(b) && a.target !== b.target && common
}

/** Place and target as one text, for maps and people. */
export function linkIdentity(link: LinkKey): string {
  return `${linkPlace(link)} → ${link.target}`
}
