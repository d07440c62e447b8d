import { type Call, type Interceptor, operationName } from '../call/call.ts'
import { WeftError } from '../errors.ts'
import type { SpiedCall, Spy } from '../lattice/spy.ts'
import { briefValue } from './brief-value.ts'

/** What a thread has seen for one spy. */
export interface SpiedBatch {
  readonly spy: string
  readonly calls: readonly SpiedCall[]
  readonly missed: number
}

/** However many spies there are, and however many calls: a thread is not kept from its work by being watched. */
export const mostSpies = 16
const mostPerSecond = 100
const tellEveryMs = 100
const longestArgs = 4_000

interface Watching {
  readonly spy: Spy
  /** By the monotonic clock. */
  readonly until: number
  calls: SpiedCall[]
  missed: number
  /** How many more may be told within this second. */
  left: number
}

/** Those who watch the calls that components and providers of this thread get. It costs nothing while there are none. */
export class Spies {
  #watching: readonly Watching[] = []
  readonly #tell: (batch: SpiedBatch) => void
  #timer: NodeJS.Timeout | undefined
  #second = 0

  constructor(tell: (batch: SpiedBatch) => void) {
    this.#tell = tell
  }

  /** Begins, prolongs (the same id again) or ends (`forMs` 0). */
  put(spy: Spy): void {
    const known = this.#watching.find((one) => one.spy.id === spy.id)
    const others = this.#watching.filter((one) => one !== known)
    const until = performance.now() + spy.forMs
    const next = { calls: [], missed: 0, left: mostPerSecond, ...known, spy, until }
    this.#watching = spy.forMs > 0 && others.length < mostSpies ? [...others, next] : others
    if (this.#watching.length > 0) this.#timer ??= setInterval(() => this.#tellAll(), tellEveryMs).unref()
    else this.stop()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#watching = []
  }

  readonly interceptor: Interceptor = (next) => (call) => {
    if (this.#watching.length === 0) return next(call)
    const watching = this.#watching.filter((one) => one.spy.target === call.target && isChosen(one.spy))
    return watching.length === 0 ? next(call) : this.#watch(watching, call, next)
  }

  async #watch(
    watching: readonly Watching[],
    call: Call,
    next: Parameters<Interceptor>[0],
  ): Promise<unknown> {
    const time = Date.now()
    const start = performance.now()
    const args = watching.some(({ spy }) => spy.args) ? argsOf(call) : ''
    const over = (outcome: string, error: string) => {
      const seen: SpiedCall = {
        time,
        source: call.source,
        operation: operationName(call.operation),
        ms: performance.now() - start,
        outcome,
        error,
        traceId: call.context.trace?.traceId ?? '',
        args,
      }
      for (const one of watching) note(one, one.spy.args ? seen : { ...seen, args: '' })
    }
    try {
      const value = await next(call)
      const outcome = isErr(call, value) ? 'err' : 'ok'
      call.course.afterHeld((failure) => (failure ? over(...failed(failure)) : over(outcome, '')))
      return value
    } catch (thrown) {
      over(...failed(thrown))
      throw thrown
    }
  }

  #tellAll(): void {
    const now = performance.now()
    const second = Math.floor(now / 1000)
    for (const one of this.#watching) {
      if (second !== this.#second) one.left = mostPerSecond
      if (one.calls.length === 0 && one.missed === 0) continue
      this.#tell({ spy: one.spy.id, calls: one.calls, missed: one.missed })
      one.calls = []
      one.missed = 0
    }
    this.#second = second
    this.#watching = this.#watching.filter(({ until }) => until > now)
    if (this.#watching.length === 0) this.stop()
  }
}

function isChosen({ sample }: Spy): boolean {
  return sample >= 1 || Math.random() < sample
}

function note(watching: Watching, call: SpiedCall): void {
  if (watching.left === 0) watching.missed += 1
  else {
    watching.left -= 1
    watching.calls.push(call)
  }
}

function argsOf({ operation, args }: Call): string {
  const named = operation.function.params.map(({ name }, at) => [name, briefValue(args[at])] as const)
  const json = JSON.stringify(Object.fromEntries(named))
  return json.length > longestArgs ? `${json.slice(0, longestArgs)}…` : json
}

function isErr({ operation }: Call, value: unknown): boolean {
  if (operation.function.result?.kind !== 'result') return false
  return typeof value === 'object' && value !== null && 'tag' in value && value.tag === 'err'
}

function failed(thrown: unknown): [outcome: string, error: string] {
  const { code, message } = WeftError.from(thrown)
  return [code, message]
}
