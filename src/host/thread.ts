import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { paceMemory } from '../component/pace-words.ts'
import { errorCodeFrom, WeftError } from '../errors.ts'
import { timerMs } from '../timer-ms.ts'
import type { FromThread, PlanOutcome, ThreadInit, ThreadPlan, ToThread } from './thread-messages.ts'

export interface ThreadOptions {
  /** The module that a data thread runs. */
  readonly entry: URL
  readonly init: Omit<ThreadInit, 'pace'>
  /** Takes what is not an answer to this side. */
  readonly onMessage: (message: FromThread) => void
  /** It ended by itself: with it went the calls that it had. Called once. */
  readonly onLost: (error: Error) => void
}

/** How long a thread may take to start (connect to NATS) and to confirm a plan. */
const startTimeoutMs = 15_000
const planTimeoutMs = 30_000

const nothingDone: PlanOutcome = { failures: [], refusedLinks: [] }

/** One data thread seen from the control thread. */
export class Thread {
  readonly init: ThreadOptions['init']
  /** Settles when it has started. */
  readonly ready: Promise<void>
  readonly pace = paceMemory()
  /** When it was last heard of, by `performance.now()`; undefined until it has started. */
  heardAt: number | undefined
  readonly #worker: Worker
  readonly #confirms = new Map<number, (outcome: PlanOutcome) => void>()
  #sent = 0
  /** It has stopped, or was lost. */
  readonly #over = Promise.withResolvers<void>()
  #isEnding = false
  #killedFor: string | undefined

  constructor({ entry, init, onMessage, onLost }: ThreadOptions) {
    this.init = init
    this.#worker = new Worker(entry, {
      workerData: { ...init, pace: this.pace } satisfies ThreadInit,
      name: `data-${init.index}`,
    })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.ready = withLimit(
      promise,
      startTimeoutMs,
      `data thread ${init.index} did not start within ${startTimeoutMs} ms`,
    )
    this.#worker.on('message', (message: FromThread) => {
      if (message.kind === 'ready') {
        this.heardAt = performance.now()
        resolve()
      } else if (message.kind === 'failed')
        reject(new WeftError(errorCodeFrom(message.code), message.message))
      else if (message.kind === 'applied') this.#confirm(message.revision, message.outcome)
      else if (message.kind === 'stopped') this.#over.resolve()
      else {
        if (message.kind === 'busy') this.heardAt = performance.now()
        onMessage(message)
      }
    })
    const lost = (error: Error) => {
      const isNews = !this.#isEnding
      this.#isEnding = true
      reject(error)
      // Whoever replaces it applies its plan.
      this.#confirm(this.#sent, nothingDone)
      this.#over.resolve()
      if (isNews) onLost(error)
    }
    this.#worker.on('error', lost)
    this.#worker.on('exit', (code) =>
      lost(new Error(`data thread ${init.index} ${this.#killedFor ?? `ended with code ${code}`}`)),
    )
  }

  /** True until it was told what to do. */
  get isIdle(): boolean {
    return this.#sent === 0
  }

  post(message: ToThread): void {
    this.#worker.postMessage(message)
  }

  /** Brings it to the plan; rejects when it does not confirm in time. One that is lost has nothing to say. */
  apply(plan: ThreadPlan): Promise<PlanOutcome> {
    if (this.#isEnding) return Promise.resolve(nothingDone)
    this.#sent += 1
    const revision = this.#sent
    const confirmed = new Promise<PlanOutcome>((resolve) => this.#confirms.set(revision, resolve))
    this.post({ kind: 'plan', revision, plan })
    return withLimit(
      confirmed,
      planTimeoutMs,
      `data thread ${this.init.index} did not confirm its work within ${planTimeoutMs} ms`,
    )
  }

  /** Lets it finish what it has, for `graceMs` at most; one that is stopping already is waited for. */
  async stop(graceMs: number): Promise<void> {
    if (!this.#isEnding) this.post({ kind: 'stop', graceMs })
    this.#isEnding = true
    await Promise.race([this.#over.promise, delay(timerMs(graceMs + 2_000), undefined, { ref: false })])
    await this.#worker.terminate()
  }

  /** Ends it at once; that is a loss, for the reason given, which follows `data thread 1`. */
  async kill(reason: string): Promise<void> {
    this.#killedFor ??= reason
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
