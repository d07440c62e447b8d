import type { Failure } from './attempts.ts'
import { runningTarget } from './command.ts'
import type { Workload } from './desired.ts'
import { type HostState, hostStates } from './host-states.ts'
import type { HostView } from './lattice-view.ts'
import type { Placement } from './place.ts'
import type { StatusInfo } from './status-info.ts'

/** What a component or provider is like on one host. */
export interface HostStatus {
  readonly id: string
  readonly name: string
  /** How many invocations may run there at once; 1 for a provider. */
  readonly instances: number
  readonly status: StatusInfo
}

const underWay: Readonly<Record<HostState['is'], string>> = {
  absent: 'starting',
  good: '',
  resize: 'changing the number of instances',
  swap: 'changing to the new version',
  restart: 'to be stopped and started again',
  taken: 'somebody else runs a provider of this id there',
}

/** Tells of each host that a workload was placed on. `held` are targets of commands that wait for their turn. */
export function hostStatuses(
  workload: Workload,
  placement: Placement,
  { failures, held }: { readonly failures: readonly Failure[]; readonly held: ReadonlySet<string> },
): readonly HostStatus[] {
  return hostStates(workload, placement).map(({ is, host, assignment }): HostStatus => {
    const target = runningTarget(host.id, workload.id)
    const failure = failures.find((one) => one.app === workload.app && one.target === target)
    const sick = host.unhealthy.get(workload.id)
    const status: StatusInfo = failure
      ? { type: 'failed', message: failure.error }
      : is === 'taken'
        ? { type: 'failed', message: underWay[is] }
        : is !== 'good'
          ? { type: 'reconciling', message: held.has(target) ? 'waits for its turn' : underWay[is] }
          : sick !== undefined
            ? { type: 'unhealthy', message: sick || 'health check failed' }
            : isUnheard(host, workload)
              ? { type: 'reconciling', message: 'waits for its first health check' }
              : { type: 'deployed', message: '' }
    return { id: host.id, name: host.name, instances: assignment.instances, status }
  })
}

/** Providers that are built into other hosts are never checked there. */
export function isUnheard({ unheard }: HostView, { id, image }: Workload): boolean {
  return unheard?.has(id) === true && !image.startsWith('wasmcloud+builtin://')
}
