import { randomBytes } from 'node:crypto'
import type { WasiContext } from '../wasi-context.ts'
import type { GuestStream } from './body.ts'
import { Fields } from './fields.ts'
import { Request, RequestOptions } from './request.ts'
import { Response } from './response.ts'
import { waitUntil } from './wait.ts'

/** The import objects of WASI 0.3 by interface without version, for one invocation. */
export function wasi03(context: WasiContext): Record<string, object> {
  return {
    'wasi:http/types': { Fields, Request, RequestOptions, Response },
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
    'wasi:random/random': {
      getRandomBytes: (length: bigint) => randomUpTo(length),
      getRandomU64: () => randomBytes(8).readBigUInt64LE(),
    },
    'wasi:random/insecure': {
      getInsecureRandomBytes: (length: bigint) => randomUpTo(length),
      getInsecureRandomU64: () => randomBytes(8).readBigUInt64LE(),
    },
    'wasi:random/insecure-seed': {
      getInsecureSeed: () => [randomBytes(8).readBigUInt64LE(), randomBytes(8).readBigUInt64LE()],
    },
    'wasi:cli/environment': {
      getEnvironment: () => Object.entries(context.environment),
      getArguments: () => [...context.args],
      getInitialCwd: () => undefined,
    },
    'wasi:cli/types': {},
    'wasi:cli/stdin': { readViaStream: () => [noInput(), Promise.resolve({ tag: 'ok' })] },
    'wasi:cli/stdout': { writeViaStream: (data: GuestStream) => drain(data, 'stdout', context) },
    'wasi:cli/stderr': { writeViaStream: (data: GuestStream) => drain(data, 'stderr', context) },
  }
}

/** The contract lets a host give fewer bytes than asked for; a guest can't make it allocate more than this. */
const mostRandomBytes = 65_536n

function randomUpTo(length: bigint): Uint8Array {
  return randomBytes(Number(length < mostRandomBytes ? length : mostRandomBytes))
}

async function* noInput(): AsyncGenerator<Uint8Array> {}

async function drain(
  data: GuestStream,
  stream: 'stdout' | 'stderr',
  context: WasiContext,
): Promise<{ tag: 'ok' }> {
  for (;;) {
    const { value, done } = await data.read({ count: 4096 })
    if (value !== undefined) context.writeOutput(stream, Uint8Array.from(value as ArrayLike<number>))
    if (done) return { tag: 'ok' }
  }
}
