import type { Life } from '../../component/life.ts'
import { WeftError } from '../../errors.ts'

/** Something a guest can wait for: what a pollable stands for. */
export interface Readiness {
  isReady(): boolean
  /** Calls `wake` when it may have become ready; the function given back takes the request back. */
  onChange(wake: () => void): () => void
}

/** Wakes everyone who waits for a change; who is woken looks again whether it is the change he waited for. */
export class Bell {
  /** Made when the first one waits. */
  #waiting: Set<() => void> | undefined

  onChange(wake: () => void): () => void {
    this.#waiting ??= new Set()
    this.#waiting.add(wake)
    return () => this.#waiting?.delete(wake)
  }

  once(wake: () => void): void {
    const cancel = this.onChange(() => {
      cancel()
      wake()
    })
  }

  ring(): void {
    if (this.#waiting && this.#waiting.size > 0) for (const wake of [...this.#waiting]) wake()
  }
}

/** Is ready from the start and for ever: empty input, output that never blocks. */
export const alwaysReady: Readiness = {
  isReady: () => true,
  onChange: () => () => {},
}

/**
 * Waits until one of `all` is ready. Gives nothing back when that is so already: the guest goes on without suspending.
 * Rejects with the abort reason when `signal` aborts, which traps the guest.
 */
export function waitForOne(all: readonly Readiness[], signal: AbortSignal): Promise<void> | undefined {
  if (signal.aborted) throw abortError(signal)
  const isReady = () => all.some((one) => one.isReady())
  if (isReady()) return undefined
  return new Promise((resolve, reject) => {
    const stop = () => {
      signal.removeEventListener('abort', onAbort)
      for (const cancel of cancels) cancel()
    }
    const onAbort = () => {
      stop()
      reject(abortError(signal))
    }
    const wake = () => {
      // An abort may wake before its own listener does: it ends the guest, it makes nothing ready.
      if (signal.aborted || !isReady()) return
      stop()
      resolve()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    const cancels = all.map((one) => one.onChange(wake))
  })
}

/** Ends the guest when its invocation is over already. */
export function throwIfOver(life: Life): void {
  if (life.over) throw lifeError(life)
}

/** Why a life is over, as an `Error`. */
export function lifeError({ over }: Life): Error {
  return over?.reason instanceof Error ? over.reason : WeftError.from(over?.reason)
}

/** The abort reason as an `Error`. */
export function abortError(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : WeftError.from(signal.reason)
}
