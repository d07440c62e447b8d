import { appOf } from './annotations.ts'
import { type Command, runningTarget, workloadPart } from './command.ts'
import type { DesiredApp } from './desired.ts'
import { stop } from './diff-workload.ts'
import type { LatticeView } from './lattice-view.ts'

/** Stops all that was started for an application and that it no longer names. */
export function removeWorkloads(
  app: Pick<DesiredApp, 'name' | 'workloads'>,
  { hosts }: LatticeView,
): Command[] {
  const wanted = (kind: 'component' | 'provider', id: string) =>
    app.workloads.some((workload) => workload.kind === kind && workload.id === id)
  return hosts.flatMap((host) =>
    [
      ...host.components.map(({ id, annotations }) => ({ kind: 'component' as const, id, annotations })),
      ...host.providers.map(({ id, annotations }) => ({ kind: 'provider' as const, id, annotations })),
    ]
      .filter(({ kind, id, annotations }) => appOf(annotations) === app.name && !wanted(kind, id))
      .map((running): Command => {
        const part = workloadPart(running.id)
        return { app: app.name, part, target: runningTarget(host.id, running.id), deed: stop(running, host) }
      }),
  )
}
