import type { WasiContext } from '../wasi-context.ts'
import { waitUntil } from './wait.ts'

/** `wasi:clocks@0.3`; who waits is woken, or ended, with the invocation. */
export function clockImports(context: Pick<WasiContext, 'signal'>): Record<string, object> {
  return {
    'wasi:clocks/types': {},
    'wasi:clocks/monotonic-clock': {
      now: () => process.hrtime.bigint(),
      getResolution: () => 1n,
      waitFor: (duration: bigint) => waitUntil(process.hrtime.bigint() + duration, context.signal),
      waitUntil: (mark: bigint) => waitUntil(mark, context.signal),
    },
    'wasi:clocks/system-clock': {
      now: () => {
        const ms = Date.now()
        return { seconds: BigInt(Math.floor(ms / 1000)), nanoseconds: (ms % 1000) * 1_000_000 }
      },
      getResolution: () => 1_000_000n,
    },
    'wasi:clocks/timezone': { ianaId: () => 'UTC', utcOffset: () => 0n, toDebugString: () => 'UTC' },
  }
}
