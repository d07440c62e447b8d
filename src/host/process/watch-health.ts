import { setTimeout as delay } from 'node:timers/promises'
import { WeftError } from '../../errors.ts'
import type { Bell } from './bell.ts'
import type { ProviderInstance } from './provider-instance.ts'

/** wasmCloud's: how often a provider is asked, and how long it has for the answer. */
const intervalMs = 30_000
const answerMs = 2_000
/** So long a provider may take to come up before it counts as unhealthy. */
const readyMs = 10_000
const readyStepMs = 100
/** One that answered before and then not so many times hangs. */
const mostMissed = 3

const noAnswer = 'it does not answer health checks'

/** Waits until the provider answers its first health check; what is wrong with it, undefined when nothing is. */
export async function untilReady(instance: ProviderInstance): Promise<string | undefined> {
  const end = performance.now() + readyMs
  while (!instance.hasEnded()) {
    const problem = await checkHealth(instance)
    if (problem !== 'no nats' && (problem !== noAnswer || performance.now() > end)) return problem
    await Promise.race([instance.ended, delay(readyStepMs, undefined, { ref: false })])
  }
  return undefined
}

/** Asks again and again until `signal`, telling what comes of it; `onHang` when it should be ended. */
export async function watchHealth(
  instance: ProviderInstance,
  options: {
    readonly onHealth: (problem: string | undefined) => void
    readonly onHang: () => void
    /** Rings when it should be asked before its time. */
    readonly bell: Bell
    readonly signal: AbortSignal
  },
): Promise<void> {
  let missed = 0
  let hasAnswered = false
  for (;;) {
    await options.bell.pause(intervalMs, options.signal)
    if (options.signal.aborted) return
    const problem = await checkHealth(instance)
    if (options.signal.aborted) return
    // While NATS is away nobody knows, and nothing is started again for it.
    if (problem === 'no nats') continue
    options.onHealth(problem)
    hasAnswered ||= problem !== noAnswer
    missed = problem === noAnswer ? missed + 1 : 0
    if (hasAnswered && missed >= mostMissed) return options.onHang()
  }
}

async function checkHealth({ control }: ProviderInstance): Promise<string | 'no nats' | undefined> {
  try {
    const health = await control.askHealth(answerMs)
    if (health === 'no nats') return health
    if (health === 'no answer') return noAnswer
    return health.healthy ? undefined : (health.message ?? 'it says so')
  } catch (error) {
    return `its answer to a health check cannot be read: ${WeftError.from(error).message}`
  }
}
