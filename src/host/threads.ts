import { watchPace } from '../component/watch-pace.ts'
import { type LimitName, WeftError } from '../errors.ts'
import { mostThreads, settlePermits } from '../guest/permits.ts'
import type { PolicyCall } from '../lattice/policy.ts'
import type { Log, LogRecord } from '../log.ts'
import { ConfinedThreads } from './confined-threads.ts'
import { PlanRounds } from './plan-rounds.ts'
import { RestartBudget } from './restart-budget.ts'
import type { SpiedBatch } from './spies.ts'
import { StandingSpies } from './standing-spies.ts'
import { Thread } from './thread.ts'
import type {
  FromThread,
  PlanFailure,
  ThreadInit,
  ThreadPlan,
  ThreadRole,
  ToThread,
} from './thread-messages.ts'
import { ThreadReports } from './thread-reports.ts'
import { watchSilence } from './watch-silence.ts'

export interface ThreadsOptions {
  /** The module that a data thread runs. */
  readonly entry: URL
  readonly count: number
  readonly init: Omit<ThreadInit, 'pace' | 'role' | 'index' | 'serial' | 'isReplacement'>
  readonly log: Log
  /** Takes log records of data threads as they are. */
  readonly onLog: (record: LogRecord) => void
  readonly onTelemetry: (batch: unknown) => void
  /** What is wrong with a provider on any thread; undefined when it is well on all of them. */
  readonly onHealth: (provider: string, problem: string | undefined) => void
  /** A thread wants to know whether an operation may be called. */
  readonly onAskPolicy: (call: PolicyCall) => Promise<void>
  /** A thread has seen calls that somebody wants to see. */
  readonly onSpied: (batch: SpiedBatch) => void
  /** A thread found nobody who serves this component or provider. */
  readonly onAskWake: (target: string) => void
  readonly onLimit: (component: string, limit: LimitName) => void
  /** A component that does harm again and again has a thread of its own from now on, or (`false`) no longer. */
  readonly onConfined: (component: string, isConfined: boolean) => void
  /** A component whose own thread does not live is to be stopped. */
  readonly onHopeless: (component: string, reason: string) => void
  /** A thread was lost with so many calls that it had. Another takes its place. */
  readonly onLost: (calls: number) => void
  /** Threads do not live here; the host can't go on. */
  readonly onBroken: (error: Error) => void
}

/** Threads that may be lost before the host, or a component with a thread of its own, is given up. */
const lossBudget = { most: 5, windowMs: 60_000 }

/** The data threads of a host, told together what to run. One that is lost is replaced. */
export class Threads {
  readonly #options: ThreadsOptions
  readonly #shared: Thread[]
  readonly #confined: ConfinedThreads
  /** Threads whose component is back among the others: they finish what they have. */
  readonly #leaving = new Set<Thread>()
  readonly #budget = new RestartBudget(lossBudget)
  readonly #reports = new ThreadReports()
  readonly #rounds: PlanRounds
  readonly #spies = new StandingSpies()
  readonly #silence: { stop(): void }
  #stopWatch: () => void = () => {}
  #started = 0
  #life: 'starting' | 'running' | 'stopping' = 'starting'

  private constructor(options: ThreadsOptions) {
    this.#options = options
    const { onConfined, onHopeless } = options
    const open = (after: Thread | undefined) => this.#openConfined(after)
    this.#confined = new ConfinedThreads({ open, budget: lossBudget, onConfined, onHopeless })
    this.#rounds = new PlanRounds(() => this.#shared, this.#confined)
    this.#shared = Array.from({ length: options.count }, (_, index) =>
      this.#open(index === 0 ? 'leader' : 'peer', index),
    )
    this.#watchPace()
    this.#silence = watchSilence(
      () => this.#all(),
      () => {
        for (const component of this.#confined.calm()) this.#release(component)
      },
    )
  }

  /** Starts all threads; when one fails, none is left running. */
  static async start(options: ThreadsOptions): Promise<Threads> {
    const threads = new Threads(options)
    try {
      await Promise.all(threads.#shared.map((thread) => thread.ready))
      threads.#life = 'running'
      return threads
    } catch (error) {
      await threads.stop(0)
      throw error
    }
  }

  /** Brings every thread to the plan and settles when each has confirmed. */
  apply(plan: ThreadPlan): Promise<readonly PlanFailure[]> {
    return this.#rounds.apply(plan)
  }

  /** The share of the last second that the busiest thread was at work, of those that components share: 0 to 1. */
  busy(): number {
    return Math.max(0, ...this.#shared.map(({ init }) => this.#reports.busyOf(init.index)))
  }

  /** Which threads live, by what others know them by whose calls they take. */
  runs(): Record<string, string> {
    return Object.fromEntries(
      this.#all().map(({ init }) => [`thread ${init.index}`, `${init.hostId}.${init.serial}`]),
    )
  }

  /** What is wrong with a provider on some thread; undefined when it is well. */
  problemOf(provider: string): string | undefined {
    return this.#reports.problemOf(provider)
  }

  /** Sends every thread a message that needs no answer. */
  tell(message: ToThread): void {
    if (message.kind === 'spy') this.#spies.put(message.spy)
    for (const thread of this.#all()) thread.post(message)
  }

  async stop(graceMs: number): Promise<void> {
    this.#life = 'stopping'
    this.#silence.stop()
    this.#stopWatch()
    await Promise.all(this.#all().map((thread) => thread.stop(graceMs)))
  }

  #all(): Thread[] {
    return [...this.#shared, ...this.#confined.threads(), ...this.#leaving]
  }

  #open(role: ThreadRole, index: number, isReplacement = false): Thread {
    this.#started += 1
    const { entry, init } = this.#options
    const thread: Thread = new Thread({
      entry,
      init: { ...init, role, index, serial: this.#started, isReplacement },
      onMessage: (message) => this.#receive(index, message),
      onLost: (error) => this.#lost(thread, error),
    })
    for (const spy of this.#spies.current()) thread.post({ kind: 'spy', spy })
    return thread
  }

  #watchPace(): void {
    this.#stopWatch()
    this.#stopWatch = watchPace(this.#all().map(({ pace }) => pace))
  }

  readonly #receive = (index: number, message: FromThread) => {
    const { onLog, onTelemetry, onHealth, onAskPolicy, onAskWake, onLimit, onSpied } = this.#options
    if (message.kind === 'log') onLog(message.record)
    else if (message.kind === 'telemetry') onTelemetry(message.batch)
    else if (message.kind === 'limit') onLimit(message.component, message.limit)
    else if (message.kind === 'busy') this.#reports.busy(index, message.share)
    else if (message.kind === 'spied') onSpied(message.batch)
    else if (message.kind === 'ask-wake') onAskWake(message.target)
    else if (message.kind === 'offences') this.#judge(message.counts)
    else if (message.kind === 'ask-policy') void onAskPolicy(message.call)
    else if (message.kind === 'poke') {
      for (const thread of this.#all()) if (thread.init.index !== index) thread.post(message)
    } else if (message.kind === 'health') {
      this.#reports.health(index, message)
      onHealth(message.provider, this.problemOf(message.provider))
    }
  }

  #judge(counts: Readonly<Record<string, number>>): void {
    if (this.#life !== 'running') return
    for (const [component, count] of Object.entries(counts)) {
      const isPlanned = this.#rounds.latest.components.some(({ id }) => id === component)
      if (isPlanned && this.#confined.offended(component, count)) this.#follow()
    }
  }

  /** Starts a thread for a component alone: in the place of one that was lost, or in a free one. */
  #openConfined(after: Thread | undefined): Thread {
    const taken = new Set(this.#all().map(({ init }) => init.index))
    const free = Array.from({ length: mostThreads }, (_, at) => at).find((at) => !taken.has(at))
    if (free === undefined) throw new WeftError('exhausted', `a host has ${mostThreads} threads at most`)
    const thread = this.#open('confined', after?.init.index ?? free, after !== undefined)
    thread.ready.catch((error: unknown) => thread.kill(`did not start: ${WeftError.from(error).message}`))
    return thread
  }

  #release(component: string): void {
    const thread = this.#confined.threadOf(component)
    if (!thread) return
    this.#leaving.add(thread)
    void this.#confined
      .release(component, () => this.apply(this.#rounds.latest))
      .then(() => {
        this.#leaving.delete(thread)
        this.#watchPace()
      })
  }

  /** Other threads run now than before: the watchdog looks after them, and they learn what to do. */
  #follow(): void {
    this.#watchPace()
    this.apply(this.#rounds.latest).catch((error: unknown) =>
      this.#options.log.error('the data threads could not be brought up to date', { error: String(error) }),
    )
  }

  #lost(thread: Thread, error: Error): void {
    const { init } = thread
    if (this.#life !== 'running') return
    const calls = this.#rounds.latest.components.reduce(
      (sum, { permits }) => sum + settlePermits(permits, init.index),
      0,
    )
    this.#reports.forget(init.index)
    this.#options.log.error(`${error.message}; ${calls} calls were lost with it`)
    const at = this.#shared.indexOf(thread)
    const isBroken = at >= 0 && !this.#budget.take()
    if (isBroken) this.#options.onBroken(error)
    else if (at < 0) this.#confined.lost(thread, error)
    else this.#shared[at] = this.#replacementOf(thread)
    this.#options.onLost(calls)
    if (!isBroken) this.#follow()
  }

  /** A successor that does not start is a loss too. */
  #replacementOf(thread: Thread): Thread {
    const next = this.#open(thread.init.role, thread.init.index, true)
    next.ready.catch((error: unknown) => next.kill(`did not start: ${WeftError.from(error).message}`))
    return next
  }
}
