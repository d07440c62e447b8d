import { capacityOf } from '../lattice/capacity.ts'
import type { ComponentDescription } from '../lattice/inventory.ts'
import { settingsFrom } from '../lattice/settings-shape.ts'
import type { Workload } from './desired.ts'
import type { HostView } from './lattice-view.ts'

/** max_instances of a component that may run without bound: it promises nothing, and reserves nothing. */
export const unbounded = 4_294_967_295

interface Need {
  readonly instances: number
  readonly memoryBytes: number
}

/** What a placement gives to hosts, as far as room is concerned. */
interface Given {
  readonly host: HostView
  readonly instances: number
}

/**
 * The room that hosts have left: their capacity without what runs there and what other workloads were just given. What
 * a workload has itself does not count against it, so that what runs may stay.
 */
export class Room {
  /** By id of the workload, then of the host. */
  readonly #given = new Map<string, ReadonlyMap<string, Need>>()
  readonly #givenOn = new Map<string, Map<string, Need>>()
  /** A host's view is made anew when anything of it changes, so this never grows old. */
  readonly #running = new WeakMap<HostView, ReadonlyMap<string, Need>>()

  /** How many instances of the workload the host could have. */
  on(host: HostView, workload: Workload): number {
    const capacity = capacityOf(host.labels)
    if (workload.kind === 'provider' || !isBounded(capacity)) return Number.POSITIVE_INFINITY
    const others = this.#needOfOthers(host, workload.id)
    const each = workload.settings.limits?.memoryBytes ?? 0
    const forMemory =
      each === 0 ? Number.POSITIVE_INFINITY : (capacity.memoryBytes - others.memoryBytes) / each
    return Math.max(0, Math.floor(Math.min(capacity.instances - others.instances, forMemory)))
  }

  /** Remembers what the workload was given, in place of what it was given before. */
  give(workload: Workload, assignments: readonly Given[]): void {
    this.forget(workload.id)
    if (workload.kind === 'provider') return
    const each = workload.settings.limits?.memoryBytes ?? 0
    const given = new Map(assignments.map(({ host, instances }) => [host.id, needOf(instances, each)]))
    this.#given.set(workload.id, given)
    for (const [host, need] of given) {
      const all = this.#givenOn.get(host) ?? new Map<string, Need>()
      this.#givenOn.set(host, all.set(workload.id, need))
    }
  }

  /** The workload is no longer wanted: what of it still runs counts until it is gone. */
  forget(workloadId: string): void {
    for (const host of this.#given.get(workloadId)?.keys() ?? []) this.#givenOn.get(host)?.delete(workloadId)
    this.#given.delete(workloadId)
  }

  #needOfOthers(host: HostView, id: string): Need {
    const given = this.#givenOn.get(host.id) ?? new Map<string, Need>()
    const running = this.#runningOn(host)
    let instances = 0
    let memoryBytes = 0
    for (const other of new Set([...given.keys(), ...running.keys()])) {
      if (other === id) continue
      instances += Math.max(given.get(other)?.instances ?? 0, running.get(other)?.instances ?? 0)
      memoryBytes += Math.max(given.get(other)?.memoryBytes ?? 0, running.get(other)?.memoryBytes ?? 0)
    }
    return { instances, memoryBytes }
  }

  #runningOn(host: HostView): ReadonlyMap<string, Need> {
    const known = this.#running.get(host)
    if (known) return known
    const running = new Map(host.components.map((one) => [one.id, needOf(one.max_instances, memoryOf(one))]))
    this.#running.set(host, running)
    return running
  }
}

function isBounded(need: Need): boolean {
  return Number.isFinite(need.instances) || Number.isFinite(need.memoryBytes)
}

function needOf(instances: number, memoryEach: number): Need {
  const counted = instances >= unbounded ? 0 : instances
  return { instances: counted, memoryBytes: counted * memoryEach }
}

function memoryOf({ annotations, limits }: ComponentDescription): number {
  try {
    const settings = settingsFrom({ annotations, ...(limits && { component_limits: limits }) })
    return settings.limits?.memoryBytes ?? 0
  } catch {
    return 0
  }
}
