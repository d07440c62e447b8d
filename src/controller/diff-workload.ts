import { isDraining } from '../lattice/draining.ts'
import { annotationsOf } from './annotations.ts'
import { type Command, type Deed, runningTarget, workloadPart } from './command.ts'
import type { Workload } from './desired.ts'
import type { Difference, Obstacle } from './difference.ts'
import { hostStates, isOurs } from './host-states.ts'
import { findRunning, type HostView, type LatticeView } from './lattice-view.ts'
import type { Assignment, Placement } from './place.ts'

export interface WorkloadDifference extends Difference {
  /** The obstacles when none of the commands may be given. */
  hold(type: Obstacle['type'], message: string): readonly Obstacle[]
}

/** What it takes to have a workload run where it was placed, and nowhere else. */
export function diffWorkload(
  workload: Workload,
  placement: Placement,
  view: LatticeView,
): WorkloadDifference {
  const part = workloadPart(workload.id)
  const waiting = placement.shortfalls.map((message): Obstacle => ({ part, type: 'waiting', message }))
  const states = hostStates(workload, placement)
  const taken = states
    .filter((state) => state.is === 'taken')
    .map(({ host }): Obstacle => {
      const message = `a provider "${workload.id}" that somebody else started runs on ${host.name}: stop it, or give this one another id`
      return { part, type: 'failed', message }
    })
  const isOneMissing = states.some(({ is }) => is === 'absent')
  const command = (hostId: string, deed: Deed): Command => {
    return { app: workload.app, part, target: runningTarget(hostId, workload.id), deed }
  }
  const commands: Command[] = []
  let stopped = false
  for (const { is, assignment, host } of states) {
    if (is === 'absent' || is === 'resize' || is === 'swap')
      commands.push(command(host.id, start(workload, assignment)))
    if (is !== 'restart') continue
    // One that must stop to be replaced goes alone, and only while no other is missing: somebody serves meanwhile.
    if (stopped || isOneMissing) continue
    stopped = true
    commands.push(command(host.id, stop(workload, host)))
  }
  const settled = states.every(({ is }) => is === 'good')
  if (settled)
    commands.push(...leaveOtherHosts(workload, placement, view).map(([id, deed]) => command(id, deed)))
  return {
    commands,
    obstacles: [...waiting, ...taken],
    hold: (type, message) => [{ part, type, message }],
  }
}

function start(workload: Workload, { host, spread, instances }: Assignment): Deed {
  const annotations = annotationsOf(workload, spread)
  const common = { host_id: host.id, config: workload.config, annotations }
  if (workload.kind === 'provider')
    return {
      do: 'start provider',
      request: { ...common, provider_id: workload.id, provider_ref: workload.image },
    }
  const allow_update = host.weft
  const request = {
    ...common,
    component_id: workload.id,
    component_ref: workload.image,
    count: instances,
    allow_update,
  }
  return { do: 'scale', request }
}

/** Stops a component or provider on a host, whatever it was started with. */
export function stop(running: Pick<Workload, 'kind' | 'id'>, host: HostView): Deed {
  if (running.kind === 'provider') return { do: 'stop provider', hostId: host.id, providerId: running.id }
  const found = host.components.find(({ id }) => id === running.id)
  return {
    do: 'scale',
    request: {
      component_ref: found?.image_ref ?? '',
      component_id: running.id,
      annotations: found?.annotations ?? {},
      count: 0,
      host_id: host.id,
      config: [],
      allow_update: false,
    },
  }
}

/** Stops it on hosts where it no longer belongs; only once it runs where it does. */
function leaveOtherHosts(
  workload: Workload,
  { assignments, shortfalls }: Placement,
  { hosts }: LatticeView,
): [string, Deed][] {
  const kept = new Set(assignments.map(({ host }) => host.id))
  return hosts.flatMap((host): [string, Deed][] => {
    // A host that drains keeps what has no other place.
    const stays = kept.has(host.id) || (shortfalls.length > 0 && isDraining(host.labels))
    const running = stays ? undefined : findRunning(host, workload)
    return running && isOurs(workload, running.annotations) ? [[host.id, stop(workload, host)]] : []
  })
}
