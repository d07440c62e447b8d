import type { Command } from './command.ts'
import type { DesiredApp, DesiredLink } from './desired.ts'
import type { Difference, Obstacle } from './difference.ts'
import type { LatticeView } from './lattice-view.ts'
import { competes, linkContent, linkIdentity, sameLinkKey } from './link-key.ts'
import type { Made } from './made.ts'
import type { Ownership } from './ownership.ts'

/** Which part of an application a link is, in commands, obstacles and status. */
export function linkPart({ link }: DesiredLink): string {
  return `link ${linkIdentity(link)}`
}

/** The links that an application lacks or has otherwise than it wants. */
export function diffLinks(input: {
  readonly app: DesiredApp
  readonly view: LatticeView
  readonly made: Made
  readonly ownedByOthers: Ownership
  /** Names of configs that are about to change. */
  readonly changed: ReadonlySet<string>
  readonly missing: (config: string) => boolean
}): Difference {
  const { app, view, made, ownedByOthers, changed, missing } = input
  const commands: Command[] = []
  const obstacles: Obstacle[] = []
  for (const desired of app.links) {
    const { link } = desired
    const part = linkPart(desired)
    const there = view.links(link.source_id)
    const configs = [...link.source_config, ...link.target_config]
    const absent = configs.find(missing)
    const present = there.find((other) => sameLinkKey(other, link))
    const rival = there.find((other) => competes(link, other))
    const rivalIsOurs =
      rival &&
      made.links.some((ours) => sameLinkKey(ours, rival)) &&
      !ownedByOthers.links.has(linkIdentity(rival))
    const owner = ownedByOthers.links.get(linkIdentity(link))
    // Link config is resolved when the link is put, and providers drop a put that they think they know.
    const stale =
      present !== undefined &&
      (linkContent(present) !== linkContent(link) || configs.some((name) => changed.has(name)))
    if (absent !== undefined)
      obstacles.push({ part, type: 'waiting', message: `config "${absent}" is not there` })
    else if (owner && owner.content !== linkContent(link))
      obstacles.push({
        part,
        type: 'failed',
        message: `application "${owner.app}" has the same link with other contents`,
      })
    else if (rival && !rivalIsOurs)
      obstacles.push({ part, type: 'failed', message: rivalMessage(rival, ownedByOthers) })
    else if (!present || stale)
      commands.push({
        app: app.name,
        part,
        target: part,
        deed: { do: 'put link', link, replace: stale || rival !== undefined },
      })
  }
  return { commands, obstacles }
}

function rivalMessage(rival: DesiredLink['link'], { links }: Ownership): string {
  const place = `${rival.source_id} has a link "${rival.name}" for ${rival.wit_namespace}:${rival.wit_package} to ${rival.target}`
  const owner = links.get(linkIdentity(rival))?.app
  const by = owner === undefined ? 'which this application did not make' : `of application "${owner}"`
  return `${place}, ${by}: delete it, or give this link another name`
}
