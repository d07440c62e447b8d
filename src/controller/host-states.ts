import { type Annotations, annotationsOf, appOf, carries, scalerOf } from './annotations.ts'
import type { Workload } from './desired.ts'
import { findRunning, type HostView } from './lattice-view.ts'
import type { Assignment, Placement } from './place.ts'

/** A host that a workload was placed on, and what the workload is like there. */
export interface HostState {
  /**
   * `resize`: this version runs, with another number or for another spread; `swap`: another version runs and can be
   * swapped in place; `restart`: another version runs and must stop first; `taken`: it belongs to somebody else.
   */
  readonly is: 'absent' | 'good' | 'resize' | 'swap' | 'restart' | 'taken'
  readonly host: HostView
  readonly assignment: Assignment
}

/** What a workload is like on each host that it was placed on. */
export function hostStates(workload: Workload, { assignments }: Placement): readonly HostState[] {
  return assignments.map((assignment) => ({
    is: stateOf(workload, assignment),
    host: assignment.host,
    assignment,
  }))
}

function stateOf(workload: Workload, { host, spread, instances }: Assignment): HostState['is'] {
  const running = findRunning(host, workload)
  if (!running) return 'absent'
  const isRight = carries(running.annotations, annotationsOf(workload, spread))
  if (workload.kind === 'provider')
    return isRight ? 'good' : isOurs(workload, running.annotations) ? 'restart' : 'taken'
  const isImage = running.image_ref === workload.image
  // Only Weft swaps the code in place; of Rust hosts up to 1.9 neither scale nor update can be trusted with that.
  if (!isImage && !host.weft) return 'restart'
  if (!isImage || scalerOf(running.annotations) !== workload.scalerId) return 'swap'
  return isRight && 'max_instances' in running && running.max_instances === instances ? 'good' : 'resize'
}

/** True when what runs was started for the application of the workload. */
export function isOurs(workload: Workload, annotations: Annotations): boolean {
  return appOf(annotations) === workload.app
}
