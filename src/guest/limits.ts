import type { ComponentLimits } from '../component-settings.ts'

/** Limits with nothing left out. */
export type FullLimits = Required<Omit<ComponentLimits, 'timeMs'>> & Pick<ComponentLimits, 'timeMs'>

const MiB = 1024 * 1024

/** What a component may use when its manifest says nothing. Time: as long as its caller waits. */
export const defaultLimits: FullLimits = {
  memoryBytes: 256 * MiB,
  tableElements: 1_000_000,
  handles: 10_000,
  bufferedBytes: 64 * MiB,
  requestBytes: Number.POSITIVE_INFINITY,
  queue: 10_000,
  queueMs: Number.POSITIVE_INFINITY,
}

/** What no manifest can go beyond. */
const ceilings: FullLimits = {
  memoryBytes: 4096 * MiB,
  tableElements: 10_000_000,
  handles: 1_000_000,
  bufferedBytes: 1024 * MiB,
  requestBytes: Number.POSITIVE_INFINITY,
  queue: 100_000,
  queueMs: Number.POSITIVE_INFINITY,
}

/** What a host's operator says of limits. */
export interface HostLimits {
  /** In place of Weft's own, for components whose manifests say nothing. */
  readonly defaults: ComponentLimits
  /** What no manifest can go beyond on this host. */
  readonly most: ComponentLimits
}

/** What a manifest asks for, within what the operator of the host allows. */
export function withinHost(asked: ComponentLimits = {}, { defaults, most }: HostLimits): ComponentLimits {
  const wanted = { ...defaults, ...asked }
  const within = Object.entries(most).map(([name, ceiling]: [string, number]) => {
    const key = name as keyof ComponentLimits
    return [key, Math.min(wanted[key] ?? defaultLimits[key] ?? ceiling, ceiling)] as const
  })
  return { ...wanted, ...Object.fromEntries(within) }
}

/** The limits that hold for a component. */
export function limitsFor(asked: ComponentLimits = {}): FullLimits {
  const limits: FullLimits = { ...defaultLimits, ...asked }
  return {
    ...limits,
    memoryBytes: Math.min(limits.memoryBytes, ceilings.memoryBytes),
    tableElements: Math.min(limits.tableElements, ceilings.tableElements),
    handles: Math.min(limits.handles, ceilings.handles),
    bufferedBytes: Math.min(limits.bufferedBytes, ceilings.bufferedBytes),
    queue: Math.min(limits.queue, ceilings.queue),
  }
}
