import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { HostSecrets } from './host-secrets.ts'
import type { LatticeData } from './lattice-data.ts'
import type { ProviderProcesses } from './provider-processes.ts'
import type { Threads } from './threads.ts'
import { applicationOf, type Workload } from './workload.ts'

/** Tells data threads and provider processes what to run now; a failure for `id` is thrown. */
export type ApplyWorkload = (id?: string) => Promise<void>

export function applyWorkload(parts: {
  readonly workload: Workload
  readonly data: LatticeData
  readonly secrets: HostSecrets
  readonly threads: Threads
  readonly processes: ProviderProcesses
  readonly log: Log
}): ApplyWorkload {
  const { workload, data, secrets, threads, processes, log } = parts
  return async (id) => {
    const prepared = [...workload.providers.values()].map((one) =>
      secrets.prepareLinks(data.linkSecrets(one.id), { ...one, ...applicationOf(one.annotations) }),
    )
    await Promise.all(prepared)
    // Before the threads: a link should be at its provider before the first call along it.
    processes.update(workload.processes(data, secrets))
    for (const failure of await threads.apply(workload.plan(data, secrets))) {
      if (failure.id === id) throw new WeftError('internal', failure.message)
      log.error(`${failure.id} could not be brought up to date: ${failure.message}`)
    }
  }
}
