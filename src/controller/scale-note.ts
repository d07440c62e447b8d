import { count, record, type Shape, text } from '../lattice/shape.ts'
import type { DesiredApp, Workload } from './desired.ts'

/**
 * A number of instances that was decided while an application runs, in place of its manifest's. One by hand counts until
 * another version is deployed. Zero by load is sleep: the next call wakes it; zero by hand is a stop.
 */
export interface ScaleNote {
  readonly by: 'hand' | 'load'
  readonly instances: number
  /** The version that was deployed then. */
  readonly version: string
}

const noteShape = record({ by: text, instances: count, version: text })

/** Reads a note of the one that led before. */
export const readScaleNote: Shape<ScaleNote> = (value, path) => {
  const { by, ...rest } = noteShape(value, path)
  return { ...rest, by: by === 'hand' ? 'hand' : 'load' }
}

/**
 * Whether the note still says something about the workload. A number by load outlives a deploy, sleep does not: another
 * version has to show that it starts.
 */
export function isValid(note: ScaleNote, workload: Workload, version: string): boolean {
  if (note.by === 'hand' || note.instances === 0) {
    if (note.version !== version) return false
  }
  return note.by === 'hand' || workload.autoscaler !== undefined
}

/** The application with the numbers that hold now. */
export function scaled(app: DesiredApp, noteOf: (id: string) => ScaleNote | undefined): DesiredApp {
  return {
    ...app,
    workloads: app.workloads.map((workload) => scaledWorkload(workload, app.version, noteOf(workload.id))),
  }
}

function scaledWorkload(workload: Workload, version: string, note: ScaleNote | undefined): Workload {
  const { scaler } = workload
  const valid = note && isValid(note, workload, version) ? note : undefined
  if (!scaler || (!valid && !workload.autoscaler)) return workload
  const instances = valid?.by === 'hand' ? valid.instances : numberByLoad(workload, valid?.instances)
  return { ...workload, scaler: { ...scaler, instances }, ...(valid && { note: { ...valid, instances } }) }
}

/** Nobody has called it for a while: it runs nowhere until somebody does. */
export function isAsleep({ note }: Workload): boolean {
  return note?.by === 'load' && note.instances === 0
}

/** What load has asked for last; at first what the manifest's scaler says, and never none: so a bad start shows. */
function numberByLoad({ autoscaler, scaler }: Workload, noted: number | undefined): number {
  const { min = 0, max = Number.POSITIVE_INFINITY } = autoscaler ?? {}
  return Math.min(max, Math.max(min, noted ?? Math.max(scaler?.instances ?? 1, 1)))
}
