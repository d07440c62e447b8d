import { type Command, phaseOf, runningTarget } from './command.ts'
import type { DesiredApp, Workload } from './desired.ts'
import type { HostState } from './host-states.ts'
import type { LatticeView } from './lattice-view.ts'
import type { RolloutStepPlan } from './rollout.ts'

/** What a command waits for while a version rolls out. */
export type HeldFor = 'turn' | 'code first' | 'old version first'

/**
 * Sorts the commands of an application by what its roll-out allows. Nothing that the old version needs is taken away
 * before the end, and what changes for all hosts at once waits until all of them run the new version.
 */
export function whyHeld(input: {
  readonly app: DesiredApp
  readonly workloads: readonly (readonly [Workload, readonly HostState[]])[]
  readonly view: LatticeView
  readonly step: RolloutStepPlan
}): (command: Command) => HeldFor | undefined {
  const { app, workloads, view, step } = input
  const replaced = new Map<string, boolean>()
  for (const [{ id }, states] of workloads) {
    for (const { is, host } of states) {
      if (is === 'swap' || is === 'restart')
        replaced.set(runningTarget(host.id, id), step.mayReplace.get(id)?.has(host.id) ?? true)
    }
  }
  const changesForAll = latticeWide(app, view)
  return (command) => {
    const mayGo = replaced.get(command.target)
    if (mayGo !== undefined) return mayGo ? undefined : 'turn'
    if (changesForAll(command)) return step.rollout.stage === 'code' ? 'code first' : undefined
    return isRemoval(command) && step.rollout.stage !== 'done' ? 'old version first' : undefined
  }
}

/** Tells changes of links, and of configs that only links have: the lattice knows one of each for all hosts. */
export function latticeWide(app: DesiredApp, { configs }: LatticeView): (command: Command) => boolean {
  const ofWorkloads = new Set(app.workloads.flatMap(({ config }) => config))
  return ({ deed }) =>
    (deed.do === 'put link' && deed.replace) ||
    (deed.do === 'put config' && configs.has(deed.name) && !ofWorkloads.has(deed.name))
}

/** Tells what takes something away. */
export function isRemoval(command: Command): boolean {
  return phaseOf(command) >= 4
}
