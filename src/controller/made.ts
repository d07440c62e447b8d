import type { DesiredApp } from './desired.ts'
import type { LinkKey } from './link-key.ts'
import { sameLinkKey } from './link-key.ts'

/**
 * What an application has made in its lattice and must take away again. Links and configs carry no annotations, so
 * this is written down before they are put. No record, no removal: a lost store deletes nothing.
 */
export interface Made {
  readonly links: readonly LinkKey[]
  readonly configs: readonly string[]
}

export const nothingMade: Made = { links: [], configs: [] }

/** The record with all that `app` is about to make. Configs of others are not its own. */
export function madeWith(made: Made, app: DesiredApp): Made {
  const links = app.links.map(({ link }): LinkKey => {
    const { source_id, target, name, wit_namespace, wit_package } = link
    return { source_id, target, name, wit_namespace, wit_package }
  })
  const configs = app.configs.filter(({ properties }) => properties !== undefined).map(({ name }) => name)
  return {
    links: [...made.links, ...links.filter((link) => !made.links.some((other) => sameLinkKey(link, other)))],
    configs: [...new Set([...made.configs, ...configs])],
  }
}
