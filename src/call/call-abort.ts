import { tellSafely } from './tell-safely.ts'

const watchers = Symbol('watchers')

/** A signal that a `CallAbort` made. */
interface WatchedSignal extends AbortSignal {
  [watchers]?: (() => void)[]
}

/**
 * Gives up a call, as an `AbortController` does. Each call is watched at several places and hardly any is ever given up:
 * `onAbort` watches its signal for a tenth of what an event listener costs.
 */
export class CallAbort {
  readonly signal: AbortSignal
  readonly #controller = new AbortController()
  readonly #watchers: (() => void)[] = []

  constructor() {
    const signal: WatchedSignal = this.#controller.signal
    signal[watchers] = this.#watchers
    this.signal = signal
  }

  /** Only the first reason counts. */
  abort(reason: unknown): void {
    if (this.signal.aborted) return
    this.#controller.abort(reason)
    // One by one: who is told may have others watch no more.
    for (let next = this.#watchers.shift(); next; next = this.#watchers.shift()) tellSafely(next)
  }
}

/**
 * `tell` is called once, when `signal` is aborted; never, when it was before. It must not throw: where it does, the others
 * are told all the same, and the process warns of it.
 */
export function onAbort(signal: AbortSignal, tell: () => void): void {
  if (signal.aborted) return
  const own = (signal as WatchedSignal)[watchers]
  if (own) own.push(tell)
  else signal.addEventListener('abort', tell, { once: true })
}

/** Takes `onAbort` back. */
export function offAbort(signal: AbortSignal, tell: () => void): void {
  const own = (signal as WatchedSignal)[watchers]
  if (!own) signal.removeEventListener('abort', tell)
  else if (own.includes(tell)) own.splice(own.indexOf(tell), 1)
}
