import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ApplyWorkload } from './apply-workload.ts'
import type { ProviderHealth } from './provider-health.ts'
import type { Threads } from './threads.ts'
import type { Workload } from './workload.ts'

/** wasmCloud's, for providers that are asked for their health. */
const defaultEveryMs = 30_000

/**
 * Tells the lattice again and again how the providers inside the host are, as it is told of those in processes of their
 * own. A plan asks them, and has them try again what they could not do before, such as a port that was taken.
 */
export function watchBuiltins(parts: {
  readonly workload: Workload
  readonly apply: ApplyWorkload
  readonly threads: Pick<Threads, 'problemOf'>
  readonly health: ProviderHealth
  readonly log: Log
  readonly everyMs?: number
}): { stop(): void } {
  const { workload, apply, threads, health, log } = parts
  const builtins = () => [...workload.providers.values()].filter(({ program }) => program === undefined)
  const tell = async () => {
    if (builtins().length === 0) return
    try {
      await apply()
      for (const { id } of builtins()) health.report(id, threads.problemOf(id))
    } catch (error) {
      log.error(`providers could not be asked for their health: ${WeftError.from(error).message}`)
    }
  }
  const timer = setInterval(() => void tell(), parts.everyMs ?? defaultEveryMs)
  return { stop: () => clearInterval(timer) }
}
