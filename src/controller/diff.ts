import type { Command } from './command.ts'
import { configPart } from './command.ts'
import { contentOf } from './config-content.ts'
import type { DesiredApp, Workload } from './desired.ts'
import { diffLinks } from './diff-links.ts'
import { diffWorkload } from './diff-workload.ts'
import type { Difference, Obstacle } from './difference.ts'
import type { LatticeView } from './lattice-view.ts'
import { linkIdentity, sameLinkKey } from './link-key.ts'
import type { Made } from './made.ts'
import type { Ownership } from './ownership.ts'
import type { Placement } from './place.ts'
import { removeWorkloads } from './remove-workloads.ts'

/** What a deployed application lacks, and what it has too much. */
export function diffApp(input: {
  readonly app: DesiredApp
  readonly placements: ReadonlyMap<Workload, Placement>
  readonly view: LatticeView
  readonly made: Made
  /** What applications before this one own: it may not take that. */
  readonly ownedByOthers: Ownership
  /** What any other application owns: it may not remove that. */
  readonly keptByOthers: Ownership
}): Difference {
  const { app, placements, view, made, ownedByOthers } = input
  const configs = diffConfigs(app, view, ownedByOthers)
  const held = new Map(configs.obstacles.map((obstacle) => [obstacle.part, obstacle]))
  const obstacles = [...configs.obstacles]
  const commands = [...configs.commands]
  for (const [workload, placement] of placements) {
    const owner = ownedByOthers.ids.get(workload.id)
    const missing = workload.config.find((name) => held.has(configPart(name)))
    const difference = diffWorkload(workload, placement, view)
    if (owner !== undefined)
      obstacles.push(
        ...difference.hold('failed', `application "${owner}" already has the id "${workload.id}"`),
      )
    else if (missing !== undefined)
      obstacles.push(...difference.hold('waiting', `config "${missing}" is not there`))
    else {
      commands.push(...difference.commands)
      obstacles.push(...difference.obstacles)
    }
  }
  const changed = new Set(
    configs.commands.flatMap(({ deed }) => (deed.do === 'put config' ? [deed.name] : [])),
  )
  const links = diffLinks({
    app,
    view,
    made,
    ownedByOthers,
    changed,
    missing: (name) => held.has(configPart(name)),
  })
  return {
    commands: [...commands, ...links.commands, ...removals(input)],
    obstacles: [...obstacles, ...links.obstacles],
  }
}

function diffConfigs(app: DesiredApp, { configs }: LatticeView, { configs: owned }: Ownership): Difference {
  const commands: Command[] = []
  const obstacles: Obstacle[] = []
  for (const { name, properties } of app.configs) {
    const part = configPart(name)
    const present = configs.get(name)
    const owner = owned.get(name)
    if (!properties) {
      const message = `config "${name}" is not there; put it with \`weft config put ${name} key=value\``
      if (!present) obstacles.push({ part, type: 'waiting', message })
    } else if (owner && owner.content !== contentOf(properties)) {
      obstacles.push({
        part,
        type: 'failed',
        message: `application "${owner.app}" already stores another config as "${name}"`,
      })
    } else if (!present || contentOf(present) !== contentOf(properties)) {
      commands.push({ app: app.name, part, target: part, deed: { do: 'put config', name, properties } })
    }
  }
  return { commands, obstacles }
}

/** What the application has made and no longer wants. With no `app` deployed that is everything. */
export function removals(input: {
  readonly app: Pick<DesiredApp, 'name' | 'workloads' | 'links' | 'configs'>
  readonly view: LatticeView
  readonly made: Made
  readonly keptByOthers: Ownership
}): Command[] {
  const { app, view, made, keptByOthers } = input
  const links = made.links
    .filter((link) => !app.links.some((wanted) => sameLinkKey(wanted.link, link)))
    .filter((link) => view.links(link.source_id).some((present) => sameLinkKey(present, link)))
    .filter((link) => !keptByOthers.links.has(linkIdentity(link)))
    .map((link): Command => {
      const target = `link ${linkIdentity(link)}`
      return { app: app.name, part: target, target, deed: { do: 'delete link', link } }
    })
  const configs = made.configs
    .filter((name) => !app.configs.some((wanted) => wanted.name === name))
    .filter((name) => view.configs.has(name) && !keptByOthers.configs.has(name))
    .map((name): Command => {
      return {
        app: app.name,
        part: configPart(name),
        target: configPart(name),
        deed: { do: 'delete config', name },
      }
    })
  return [...removeWorkloads(app, view), ...links, ...configs]
}
