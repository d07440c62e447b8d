import { WeftError } from '../errors.ts'
import type { Link } from './link.ts'
import type { LinkKey } from './link-shape.ts'

/** The text that a lattice's clients know this refusal by. */
const conflictMessage =
  'link already exists with different target, consider deleting the existing link or using a different link name'

/**
 * The links with `link` put among them: it replaces the one between the same ends, else it is added. One name cannot
 * lead an interface to two targets.
 */
export function withLink(links: readonly Link[], link: Link): readonly Link[] {
  const conflict = links.some(
    (other) =>
      sameKey(other, link) &&
      other.target !== link.target &&
      other.interfaces.some((name) => link.interfaces.includes(name)),
  )
  if (conflict) throw new WeftError('invalid', conflictMessage)
  const at = links.findIndex((other) => sameKey(other, link) && other.target === link.target)
  return at < 0 ? [...links, link] : links.with(at, link)
}

/** The links without the first one that `key` names. */
export function withoutLink(
  links: readonly Link[],
  key: LinkKey,
): { readonly links: readonly Link[]; readonly removed: Link | undefined } {
  const at = links.findIndex((link) => sameKey(link, key))
  return at < 0 ? { links, removed: undefined } : { links: links.toSpliced(at, 1), removed: links[at] }
}

/** True when all eight members are equal: a put of such a link changes nothing. */
export function sameLink(a: Link, b: Link): boolean {
  return (
    sameKey(a, b) &&
    a.target === b.target &&
    sameList(a.interfaces, b.interfaces) &&
    sameList(a.source_config, b.source_config) &&
    sameList(a.target_config, b.target_config)
  )
}

function sameKey(a: LinkKey, b: LinkKey): boolean {
  return (
    a.source_id === b.source_id &&
    a.name === b.name &&
    a.wit_namespace === b.wit_namespace &&
    a.wit_package === b.wit_package
  )
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}
