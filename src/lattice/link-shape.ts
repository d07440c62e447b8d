import type { ComponentSpec, Link } from './link.ts'
import { listOf, or, record, type Shape, text } from './shape.ts'

/** A link as it comes from the wire; `name` is `default` and the configs are empty when they are absent. */
export const linkShape: Shape<Link> = record({
  source_id: text,
  target: text,
  name: or(text, 'default'),
  wit_namespace: text,
  wit_package: text,
  interfaces: listOf(text),
  source_config: or(listOf(text), []),
  target_config: or(listOf(text), []),
})

/** The value of a `COMPONENT_{id}` entry. */
export const specShape: Shape<ComponentSpec> = record({ url: or(text, ''), links: or(listOf(linkShape), []) })

/** What `link.del` names a link by: it has no target. */
export type LinkKey = Pick<Link, 'source_id' | 'name' | 'wit_namespace' | 'wit_package'>

export const linkKeyShape: Shape<LinkKey> = record({
  source_id: text,
  name: or(text, 'default'),
  wit_namespace: text,
  wit_package: text,
})
