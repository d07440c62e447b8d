import { isDeepStrictEqual } from 'node:util'
import type { StoredDeed } from '../lattice/manifest-store.ts'
import type { Failure } from './attempts.ts'
import type { Command } from './command.ts'
import type { DesiredApp, Workload } from './desired.ts'
import type { Difference } from './difference.ts'
import { type HeldFor, isRemoval, latticeWide, whyHeld } from './hold-back.ts'
import { hostStates } from './host-states.ts'
import { keptVersion } from './keep-running.ts'
import type { LatticeView } from './lattice-view.ts'
import type { Placement } from './place.ts'
import { type RolloutStepPlan, stepRollout } from './rollout.ts'
import type { Observed, Rollout } from './rollout-terms.ts'

/** What is known about the roll-out of an application besides the lattice itself. */
export interface RolloutKnowledge {
  /** What was written down at the last look. */
  readonly noted: Rollout | undefined
  readonly failures: readonly Failure[]
  readonly observed: Observed
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** A command that waits for its turn, and for what. */
export interface HeldCommand {
  readonly command: Command
  readonly why: HeldFor
}

/** Sorts what separates an application from its manifest into what is done now and what waits for its turn. */
export function rollOut(input: {
  readonly app: DesiredApp
  readonly known: { readonly deed?: StoredDeed | undefined; readonly hasBefore?: boolean }
  readonly view: LatticeView
  readonly placements: ReadonlyMap<Workload, Placement>
  readonly difference: Difference
  readonly rollouts: RolloutKnowledge
}): {
  readonly rollout: RolloutStepPlan | undefined
  readonly commands: readonly Command[]
  readonly held: readonly HeldCommand[]
} {
  const { app, known, view, placements, difference, rollouts } = input
  const { commands: all } = difference
  // What was tried for another version is over.
  const failures = rollouts.failures.filter(({ target, deed }) =>
    all.some((command) => command.target === target && (!deed || isDeepStrictEqual(command.deed, deed))),
  )
  const rollout = rolloutOf(known, { noted: rollouts.noted, failures })
  if (!rollout) return { rollout: undefined, commands: all, held: [] }
  const workloads = [...placements].map(
    ([workload, placement]) => [workload, hostStates(workload, placement)] as const,
  )
  const isWide = latticeWide(app, view)
  const step = stepRollout({
    ...rollouts,
    failures,
    hosts: view.hosts,
    rollout,
    workloads,
    linksMissing: all.some(({ deed }) => deed.do === 'put link' && !deed.replace),
    linksWait: all.some(isWide),
    removalsWait: all.some((command) => isRemoval(command) && command.deed.do !== 'delete config'),
  })
  const why = whyHeld({ app, workloads, view, step })
  const held = all.flatMap((command): HeldCommand[] => {
    const reason = why(command)
    return reason ? [{ command, why: reason }] : []
  })
  const kept = held.flatMap(({ command }) => keptVersion(command, view.hosts) ?? [])
  return { rollout: step, commands: [...all.filter((command) => !why(command)), ...kept], held }
}

/** A deploy in place of another version goes in steps, if one can go back to that; what else changes goes at once. */
function rolloutOf(
  { deed, hasBefore }: { readonly deed?: StoredDeed | undefined; readonly hasBefore?: boolean },
  { noted, failures }: Pick<RolloutKnowledge, 'noted' | 'failures'>,
): Rollout | undefined {
  if (!deed || deed.did === 'undeploy' || deed.from === undefined) return undefined
  if (noted?.deed === deed.at) return noted.stage === 'done' ? undefined : noted
  // What came before may not have come to all its hosts itself.
  const fallback = noted && noted.stage !== 'done' ? noted.fallback : deed.from
  return {
    deed: deed.at,
    pace: deed.did === 'deploy' && hasBefore ? 'in steps' : 'at once',
    fallback,
    failing: failures.map(({ target }) => target),
    stage: 'code',
    reached: {},
  }
}
