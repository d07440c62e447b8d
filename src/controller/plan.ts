import type { StoredDeed } from '../lattice/manifest-store.ts'
import type { Manifest } from '../manifest/manifest.ts'
import type { Failure } from './attempts.ts'
import { type Command, phaseOf } from './command.ts'
import type { DesiredApp, Workload } from './desired.ts'
import { diffApp, removals } from './diff.ts'
import type { LatticeView } from './lattice-view.ts'
import { type Made, madeWith, nothingMade } from './made.ts'
import type { Ownership } from './ownership.ts'
import { type Placement, placeWorkload } from './place.ts'
import { type RolloutKnowledge, rollOut } from './roll-out.ts'
import type { RolloutStepPlan } from './rollout.ts'
import type { Room } from './room.ts'
import { type ScaleNote, scaled } from './scale-note.ts'
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
  /** What was done last to have this version deployed. */
  readonly deed?: StoredDeed | undefined
  /** True when the version that was deployed before is still stored, so that one can go back to it. */
  readonly hasBefore?: boolean
}

export interface AppPlan {
  readonly name: string
  /** In the order of their phases. */
  readonly commands: readonly Command[]
  /** What must be written down before the commands are given; undefined: nothing of it is left. */
  readonly made: Made | undefined
  /** False when the application itself is gone from the store. */
  readonly stored: boolean
  /** Something of it finds no host, or no room on one. */
  readonly isShort: boolean
  /** How far its roll-out is; undefined when the version came at once. Written down before the commands are given. */
  readonly rollout: RolloutStepPlan | undefined
  /** Failures are only known after the commands were given, so the status is made when it is asked for. */
  readonly status: (failures: readonly Failure[]) => Status
}

/** What one application lacks, or still has to lose when it is no longer deployed. */
export function planApp(input: {
  readonly known: KnownApp
  /** What its deployed manifest wants; undefined when none is deployed, or it can't be read. */
  readonly desired: DesiredApp | undefined
  readonly view: LatticeView
  readonly others: Others
  readonly room: Room
  /** Numbers of instances that hold in place of the manifest's. */
  readonly noteOf: (id: string) => ScaleNote | undefined
  /** What a roll-out goes by. */
  readonly rollouts: RolloutKnowledge
}): AppPlan {
  const { known, desired, view, others, noteOf } = input
  if (known.unreadable !== undefined) return unreadable(known, known.unreadable)
  return desired ? deployedPlan({ ...input, app: scaled(desired, noteOf) }) : removalPlan(known, view, others)
}

interface Others {
  /** What applications before this one own: it may not take that. */
  readonly ownedByOthers: Ownership
  /** What any other application owns: it may not remove that. */
  readonly keptByOthers: Ownership
}

function deployedPlan(input: {
  readonly app: DesiredApp
  readonly known: KnownApp
  readonly view: LatticeView
  readonly others: Others
  readonly room: Room
  readonly rollouts: RolloutKnowledge
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
  const { obstacles } = difference
  const { rollout, commands, held } = rollOut({ ...input, placements, difference })
  const wanted = madeWith(nothingMade, app)
  const isDone = [commands, held, obstacles].every((open) => open.length === 0)
  return {
    name: app.name,
    stored: true,
    commands: inPhases(commands),
    made: isDone ? wanted : made,
    isShort: [...placements.values()].some(({ shortfalls }) => shortfalls.length > 0),
    rollout,
    status: (failures) =>
      statusOf({
        app,
        placements,
        commands,
        obstacles,
        failures,
        deed: known.deed,
        ...(rollout && { rollout: { ...rollout, held } }),
      }),
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
    isShort: false,
    rollout: undefined,
    status: (failures) =>
      undeployedStatus(
        commands,
        failures.filter(({ app }) => app === known.name),
        view.hosts,
      ),
  }
}

function unreadable({ name, made }: KnownApp, message: string): AppPlan {
  const status: Status = { status: { type: 'failed', message }, scalers: [], version: '', components: [] }
  return { name, stored: true, commands: [], made, isShort: false, rollout: undefined, status: () => status }
}

function inPhases(commands: readonly Command[]): readonly Command[] {
  return commands.toSorted((a, b) => phaseOf(a) - phaseOf(b))
}
