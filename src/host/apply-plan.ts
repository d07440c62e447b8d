import { setTimeout as delay } from 'node:timers/promises'
import { WeftError } from '../errors.ts'
import { timerMs } from '../timer-ms.ts'
import type { PlanFailure, PlanOutcome, ThreadPlan } from './thread-messages.ts'
import type { ThreadParts } from './thread-parts.ts'

type Parts = Pick<ThreadParts, 'components' | 'providers' | 'instruments' | 'log'>

/**
 * Makes a thread like the plans it is given, one after the other; a plan that was overtaken while another was being
 * applied is skipped, and confirmed with its successor. `onApplied` comes when every subject is subscribed and flushed.
 */
export function applyPlan(parts: Parts, onApplied: (revision: number, outcome: PlanOutcome) => void) {
  let latest: { readonly revision: number; readonly plan: ThreadPlan } | undefined
  let working: Promise<void> | undefined
  const work = async () => {
    while (latest) {
      const { revision, plan } = latest
      latest = undefined
      onApplied(revision, await apply(parts, plan))
    }
    working = undefined
  }
  return {
    next(revision: number, plan: ThreadPlan): void {
      latest = { revision, plan }
      working ??= work()
    },
    /** Takes everything off: providers' listeners first, so that nothing new comes in; at most `graceMs`. */
    async stop(graceMs: number): Promise<void> {
      latest = undefined
      const { components, providers } = parts
      const ended = (async () => {
        await working
        parts.instruments.settle()
        await Promise.allSettled(providers.ids().map((id) => providers.remove(id)))
        await Promise.allSettled(components.ids().map((id) => components.remove(id)))
      })()
      await Promise.race([ended, delay(timerMs(graceMs), undefined, { ref: false })])
    },
  }
}

async function apply(
  { components, providers, instruments, log }: Parts,
  plan: ThreadPlan,
): Promise<PlanOutcome> {
  const failures: PlanFailure[] = []
  const attempt = async (id: string, work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      failures.push({ id, message: WeftError.from(error).message })
    }
  }
  const goneComponents = components.ids().filter((id) => !plan.components.some((one) => one.id === id))
  instruments.settle()
  const goneProviders = providers.ids().filter((id) => !plan.providers.some((one) => one.id === id))
  await Promise.all(goneProviders.map((id) => attempt(id, () => providers.remove(id))))
  // Calls in flight may take their time; nobody waits for them here.
  for (const id of goneComponents) {
    components
      .remove(id)
      .catch((error: unknown) => log.error(`component ${id} did not end`, { error: String(error) }))
  }
  await Promise.all(plan.components.map((one) => attempt(one.id, () => components.put(one))))
  await Promise.all(plan.providers.map((one) => attempt(one.id, () => providers.put(one))))
  return { failures, refusedLinks: providers.refusedLinks() }
}
