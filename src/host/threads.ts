import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { paceMemory, watchPace } from '../component/pace.ts'
import { errorCodeFrom, type LimitName, WeftError } from '../errors.ts'
import type { PolicyCall } from '../lattice/policy.ts'
import type { Log, LogRecord } from '../log.ts'
import type {
  FromThread,
  PlanFailure,
  PlanOutcome,
  ThreadInit,
  ThreadPlan,
  ToThread,
} from './thread-messages.ts'

export interface ThreadsOptions {
  /** The module that a data thread runs. */
  readonly entry: URL
  readonly count: number
  readonly init: Omit<ThreadInit, 'index' | 'pace'>
  readonly log: Log
  /** Takes log records of data threads as they are. */
  readonly onLog: (record: LogRecord) => void
  readonly onTelemetry: (batch: unknown) => void
  /** What is wrong with a provider on any thread; undefined when it is well on all of them. */
  readonly onHealth: (provider: string, problem: string | undefined) => void
  /** A thread wants to know whether an operation may be called. */
  readonly onAskPolicy: (call: PolicyCall) => Promise<void>
  /** A thread found nobody who serves this component or provider. */
  readonly onAskWake: (target: string) => void
  readonly onLimit: (component: string, limit: LimitName) => void
  /** A thread ended by itself: with it went the calls that it had. */
  readonly onLost: (index: number, error: Error) => void
}

/** How long a thread may take to start (connect to NATS) and to confirm a plan. */
const startTimeoutMs = 15_000
const planTimeoutMs = 30_000

/** The data threads of a host, told together what to run. */
export class Threads {
  readonly #threads: Thread[]
  readonly #busy = new Map<number, number>()
  readonly #problems = new Map<string, Map<number, string>>()
  readonly #options: ThreadsOptions
  readonly #stopWatch: () => void

  private constructor(options: ThreadsOptions) {
    this.#options = options
    this.#threads = Array.from(
      { length: options.count },
      (_, index) => new Thread(options, index, this.#receive),
    )
    this.#stopWatch = watchPace(this.#threads.map(({ pace }) => pace))
  }

  /** Starts all threads; when one fails, none is left running. */
  static async start(options: ThreadsOptions): Promise<Threads> {
    const threads = new Threads(options)
    try {
      await Promise.all(threads.#threads.map((thread) => thread.ready))
      return threads
    } catch (error) {
      threads.#stopWatch()
      await Promise.all(threads.#threads.map((thread) => thread.terminate()))
      throw error
    }
  }

  /**
   * Brings every thread to the plan and settles when each has confirmed. The first thread goes ahead: it finds out what
   * can only fail for the host as a whole, such as a port that another program holds; the others leave that out.
   */
  async apply(plan: ThreadPlan): Promise<readonly PlanFailure[]> {
    const [first, ...others] = this.#threads
    const ahead = await first?.apply(plan)
    const left = withoutLinks(plan, ahead?.refusedLinks ?? [])
    const rest = await Promise.all(others.map((thread) => thread.apply(left)))
    const failures = [...(ahead?.failures ?? []), ...rest.flatMap((outcome) => outcome.failures)]
    return failures.filter((one, at) => failures.findIndex((other) => other.id === one.id) === at)
  }

  /** The share of the last second that the busiest thread was at work: 0 to 1. */
  busy(): number {
    return Math.max(0, ...this.#busy.values())
  }

  /** What is wrong with a provider on some thread; undefined when it is well. */
  problemOf(provider: string): string | undefined {
    return this.#problems.get(provider)?.values().next().value
  }

  /** Sends every thread a message that needs no answer. */
  tell(message: ToThread): void {
    for (const thread of this.#threads) thread.post(message)
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopWatch()
    await Promise.all(this.#threads.map((thread) => thread.stop(graceMs)))
  }

  readonly #receive = (index: number, message: FromThread) => {
    const { onLog, onTelemetry, onHealth, onAskPolicy, onAskWake, onLimit } = this.#options
    if (message.kind === 'log') onLog(message.record)
    else if (message.kind === 'telemetry') onTelemetry(message.batch)
    else if (message.kind === 'limit') onLimit(message.component, message.limit)
    else if (message.kind === 'busy') this.#busy.set(index, message.share)
    else if (message.kind === 'ask-wake') onAskWake(message.target)
    else if (message.kind === 'ask-policy') void onAskPolicy(message.call)
    else if (message.kind === 'poke') {
      for (const thread of this.#threads) if (thread.index !== index) thread.post(message)
    } else if (message.kind === 'health') {
      const problems = this.#problems.get(message.provider) ?? new Map<number, string>()
      this.#problems.set(message.provider, problems)
      if (message.problem === undefined) problems.delete(index)
      else problems.set(index, message.problem)
      onHealth(message.provider, this.problemOf(message.provider))
    }
  }
}

/** One data thread seen from the control thread. */
class Thread {
  readonly index: number
  readonly ready: Promise<void>
  readonly pace = paceMemory()
  readonly #worker: Worker
  readonly #confirms = new Map<number, (outcome: PlanOutcome) => void>()
  #stopped: () => void = () => {}
  #isEnding = false

  constructor(options: ThreadsOptions, index: number, receive: (index: number, message: FromThread) => void) {
    this.index = index
    this.#worker = new Worker(options.entry, {
      workerData: { ...options.init, index, pace: this.pace } satisfies ThreadInit,
      name: `data-${index}`,
    })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.ready = withLimit(
      promise,
      startTimeoutMs,
      `data thread ${index} did not start within ${startTimeoutMs} ms`,
    )
    this.#worker.on('message', (message: FromThread) => {
      if (message.kind === 'ready') resolve()
      else if (message.kind === 'failed') reject(new WeftError(errorCodeFrom(message.code), message.message))
      else if (message.kind === 'applied') this.#confirm(message.revision, message.outcome)
      else if (message.kind === 'stopped') this.#stopped()
      else receive(index, message)
    })
    const lost = (error: Error) => {
      reject(error)
      if (!this.#isEnding) options.onLost(index, error)
      this.#isEnding = true
      this.#stopped()
    }
    this.#worker.on('error', (error: Error) => lost(error))
    this.#worker.on('exit', (code) => lost(new Error(`data thread ${index} ended with code ${code}`)))
  }

  post(message: ToThread): void {
    this.#worker.postMessage(message)
  }

  apply(plan: ThreadPlan): Promise<PlanOutcome> {
    const confirmed = new Promise<PlanOutcome>((resolve) => this.#confirms.set(plan.revision, resolve))
    this.post({ kind: 'plan', plan })
    return withLimit(
      confirmed,
      planTimeoutMs,
      `data thread ${this.index} did not confirm its work within ${planTimeoutMs} ms`,
    )
  }

  async stop(graceMs: number): Promise<void> {
    if (this.#isEnding) return
    this.#isEnding = true
    const stopped = new Promise<void>((resolve) => {
      this.#stopped = resolve
    })
    this.post({ kind: 'stop', graceMs })
    await Promise.race([stopped, delay(graceMs + 2_000, undefined, { ref: false })])
    await this.terminate()
  }

  async terminate(): Promise<void> {
    this.#isEnding = true
    await this.#worker.terminate()
  }

  /** A confirmed plan confirms those before it, which it has replaced. */
  #confirm(revision: number, outcome: PlanOutcome): void {
    for (const [waiting, resolve] of this.#confirms) {
      if (waiting > revision) continue
      this.#confirms.delete(waiting)
      resolve(outcome)
    }
  }
}

function withoutLinks(plan: ThreadPlan, refused: PlanOutcome['refusedLinks']): ThreadPlan {
  if (refused.length === 0) return plan
  const texts = new Set(refused.map((link) => JSON.stringify(link)))
  return {
    ...plan,
    providers: plan.providers.map((provider) => ({
      ...provider,
      links: provider.links.filter((link) => !texts.has(JSON.stringify(link))),
    })),
  }
}

async function withLimit<T>(promise: Promise<T>, ms: number, message: string): Promise<T> {
  const limit = new AbortController()
  const late = delay(ms, undefined, { signal: limit.signal, ref: false }).then(() => {
    throw new WeftError('deadline', message)
  })
  late.catch(() => {})
  try {
    return await Promise.race([promise, late])
  } finally {
    limit.abort()
  }
}
