import type { Manifest } from '../manifest/manifest.ts'
import type { Failure } from './attempts.ts'
import { type Command, phaseOf } from './command.ts'
import { type DesiredApp, desiredApp, type Workload } from './desired.ts'
import { diffApp, removals } from './diff.ts'
import type { Obstacle } from './difference.ts'
import type { LatticeView } from './lattice-view.ts'
import { type Made, madeWith, nothingMade } from './made.ts'
import { nobodys, type Ownership, ownedWith } from './ownership.ts'
import { type Placement, placeWorkload } from './place.ts'
import { Room } from './room.ts'
import { type Status, statusOf, undeployedStatus } from './status.ts'

/** What the controller knows of an application: deployed, or there (or gone) with things left to remove. */
export interface KnownApp {
  readonly name: string
  /** The deployed version; undefined when none is, or when what is deployed can't be read. */
  readonly manifest: Manifest | undefined
  /** Why a deployed version can't be read. What runs of it is left alone. */
  readonly unreadable?: string
  /** False when the application itself is gone from the store. */
  readonly stored: boolean
  readonly made: Made | undefined
}

export interface AppPlan {
  readonly name: string
  /** In the order of their phases. */
  readonly commands: readonly Command[]
  /** What must be written down before the commands are given; undefined: nothing of it is left. */
  readonly made: Made | undefined
  /** False when the application itself is gone from the store. */
  readonly stored: boolean
  /** Failures are only known after the commands were given, so the status is made when it is asked for. */
  readonly status: (failures: readonly Failure[]) => Status
}

/** One look at everything: what each application lacks. Applications come in order of name, and the first owner wins. */
export function plan(apps: readonly KnownApp[], view: LatticeView): readonly AppPlan[] {
  const deployed = new Map(
    apps.flatMap(({ name, manifest }) => (manifest ? [[name, manifest] as const] : [])),
  )
  const desired = new Map(
    [...deployed].map(([name, manifest]) => [name, desiredApp(manifest, (app) => deployed.get(app))]),
  )
  const sorted = apps.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const all = sorted.flatMap(({ name }) => desired.get(name) ?? [])
  const room = new Room()
  return sorted.map((known) => {
    const app = desired.get(known.name)
    const others = othersOf(all, known.name)
    if (known.unreadable !== undefined) return unreadable(known, known.unreadable)
    return app ? deployedPlan({ app, known, view, others, room }) : removalPlan(known, view, others)
  })
}

interface Others {
  readonly ownedByOthers: Ownership
  readonly keptByOthers: Ownership
}

function othersOf(apps: readonly DesiredApp[], name: string): Others {
  const others = apps.filter((app) => app.name !== name)
  const before = others.filter((app) => app.name < name)
  return { ownedByOthers: before.reduce(ownedWith, nobodys), keptByOthers: others.reduce(ownedWith, nobodys) }
}

function deployedPlan(input: {
  readonly app: DesiredApp
  readonly known: KnownApp
  readonly view: LatticeView
  readonly others: Others
  readonly room: Room
}): AppPlan {
  const { app, known, view, others, room } = input
  const made = madeWith(known.made ?? nothingMade, app)
  const placements = new Map<Workload, Placement>()
  for (const workload of app.workloads) {
    const placement = placeWorkload(workload, view.hosts, room)
    room.give(workload, placement.assignments)
    placements.set(workload, placement)
  }
  const difference = diffApp({ app, placements, view, made, ...others })
  const commands = inPhases(difference.commands)
  const obstacles: readonly Obstacle[] = difference.obstacles
  const wanted = madeWith(nothingMade, app)
  return {
    name: app.name,
    stored: true,
    commands,
    made: commands.length === 0 && obstacles.length === 0 ? wanted : made,
    status: (failures) => statusOf({ app, placements, commands, obstacles, failures }),
  }
}

function removalPlan(known: KnownApp, view: LatticeView, { keptByOthers }: Others): AppPlan {
  const made = known.made ?? nothingMade
  const nothing = { name: known.name, workloads: [], links: [], configs: [] }
  const commands = inPhases(removals({ app: nothing, view, made, keptByOthers }))
  return {
    name: known.name,
    stored: known.stored,
    commands,
    made: commands.length === 0 ? undefined : made,
    status: (failures) =>
      undeployedStatus(
        commands,
        failures.filter(({ app }) => app === known.name),
      ),
  }
}

function unreadable({ name, made }: KnownApp, message: string): AppPlan {
  const status: Status = { status: { type: 'failed', message }, scalers: [], version: '', components: [] }
  return { name, stored: true, commands: [], made, status: () => status }
}

function inPhases(commands: readonly Command[]): readonly Command[] {
  return commands.toSorted((a, b) => phaseOf(a) - phaseOf(b))
}
