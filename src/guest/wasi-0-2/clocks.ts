import { timerMs } from '../../timer-ms.ts'
import type { WasiContext } from '../wasi-context.ts'
import { Pollable } from './pollable.ts'
import type { Readiness } from './readiness.ts'

const nanosecondsPerMs = 1_000_000

/** The parts of `wasi:clocks` that are the same for every guest. */
export const clockImports = {
  'wasi:clocks/wall-clock': {
    now: () => datetime(Date.now()),
    resolution: () => datetime(1),
  },
  'wasi:clocks/timezone': {
    display: () => ({ utcOffset: 0, name: 'UTC', inDaylightSavingTime: false }),
    utcOffset: () => 0,
  },
}

/** `wasi:clocks/monotonic-clock`; its timers end with the invocation. */
export function monotonicClock(context: Pick<WasiContext, 'signal'>): object {
  return {
    now: () => process.hrtime.bigint(),
    resolution: () => 1n,
    subscribeInstant: (when: bigint) => new Pollable(new Instant(when), context.signal),
    subscribeDuration: (duration: bigint) =>
      new Pollable(new Instant(process.hrtime.bigint() + duration), context.signal),
  }
}

/** A moment of the monotonic clock. A timer runs only while somebody waits. */
class Instant implements Readiness {
  readonly #when: bigint

  constructor(when: bigint) {
    this.#when = when
  }

  isReady(): boolean {
    return process.hrtime.bigint() >= this.#when
  }

  onChange(wake: () => void): () => void {
    let timer: NodeJS.Timeout
    const arm = () => {
      const ms = Math.ceil(Number(this.#when - process.hrtime.bigint()) / nanosecondsPerMs)
      timer = setTimeout(look, timerMs(ms))
    }
    // A timer may be early by less than a millisecond.
    const look = () => (this.isReady() ? wake() : arm())
    arm()
    return () => clearTimeout(timer)
  }
}

function datetime(ms: number): { seconds: bigint; nanoseconds: number } {
  return { seconds: BigInt(Math.floor(ms / 1000)), nanoseconds: (ms % 1000) * nanosecondsPerMs }
}
