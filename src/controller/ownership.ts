import type { DesiredApp } from './desired.ts'
import { linkContent, linkIdentity } from './link-key.ts'

/** What other applications hold, by name; a second one may not take it from them, or both would fight for ever. */
export interface Ownership {
  readonly ids: ReadonlyMap<string, string>
  readonly configs: ReadonlyMap<string, { readonly app: string; readonly content: string }>
  readonly links: ReadonlyMap<string, { readonly app: string; readonly content: string }>
}

export function contentOf(properties: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(properties).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Names that belong to nobody yet. */
export const nobodys: Ownership = { ids: new Map(), configs: new Map(), links: new Map() }

/** What is owned once `app` has taken all that was free. */
export function ownedWith(owned: Ownership, app: DesiredApp): Ownership {
  const configs = app.configs.flatMap(({ name, properties }) =>
    properties ? [[name, { app: app.name, content: contentOf(properties) }] as const] : [],
  )
  const links = app.links.map(
    ({ link }) => [linkIdentity(link), { app: app.name, content: linkContent(link) }] as const,
  )
  // The later entry of a key wins, so what others own goes last.
  return {
    ids: new Map([...app.workloads.map(({ id }) => [id, app.name] as const), ...owned.ids]),
    configs: new Map([...configs, ...owned.configs]),
    links: new Map([...links, ...owned.links]),
  }
}
