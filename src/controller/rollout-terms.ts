import type { Failure } from './attempts.ts'
import type { Workload } from './desired.ts'
import type { HostState } from './host-states.ts'
import type { HostView } from './lattice-view.ts'

/** What is remembered of how a deployed version comes to the hosts. Times in milliseconds since the epoch. */
export interface Rollout {
  /** When the deploy was asked for: this tells one from another. */
  readonly deed: string
  /** `at once`: going back, which is not watched and not taken back itself. */
  readonly pace: 'in steps' | 'at once'
  /** What to go back to when it fails: the last version that came to all its hosts. */
  readonly fallback: string
  /** Targets of what failed already when it began: that is not its fault. */
  readonly failing: readonly string[]
  /** `code`: hosts get the new version in steps; `links`: then links and configs change; `done`: it is as any other. */
  readonly stage: 'code' | 'links' | 'done'
  /** Since when so many hosts run the new version, by the id of a component or provider that has an older one. */
  readonly reached: Readonly<Record<string, Reached>>
}

/** On how many hosts a version runs, and since when. */
export interface Reached {
  readonly hosts: number
  readonly since: number
}

/** What a look at a roll-out needs to know. */
export interface RolloutInput {
  readonly rollout: Rollout
  readonly workloads: readonly (readonly [Workload, readonly HostState[]])[]
  /** Links that are new in this version and not in place yet: the new code may need them. */
  readonly linksMissing: boolean
  /** Links and configs that change for all hosts at once have not changed yet. */
  readonly linksWait: boolean
  /** Something that only the old version has is still to be stopped. */
  readonly removalsWait: boolean
  readonly failures: readonly Failure[]
  /** The hosts of the lattice: failures name them. */
  readonly hosts: readonly Pick<HostView, 'id' | 'name'>[]
  readonly observed: Observed
  readonly now: number
}

/** What is seen of the hosts that run a new version. */
export interface Observed {
  /** Calls that ended, and trapped, on these hosts since a time. */
  readonly traffic: (
    id: string,
    hosts: readonly string[],
    since: number,
  ) => { readonly calls: number; readonly traps: number }
  /** What came of asking a URL since a time: undefined while that is not known; '' is well, all else a complaint. */
  readonly check: (url: string, since: number) => string | undefined
}

/** A URL that is asked once for each time. */
export interface Check {
  readonly url: string
  readonly since: number
}
