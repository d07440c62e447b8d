import { cliImports as cliOf02 } from '../wasi-0-2/cli.ts'
import type { WasiContext } from '../wasi-context.ts'
import { type GuestStream, guestBytes } from './body.ts'

/** `wasi:cli@0.3`: arguments and environment of the manifest, stdin empty, stdout and stderr to the log. */
export function cliImports(context: WasiContext): Record<string, object> {
  return {
    ...cliOf02,
    'wasi:cli/types': {},
    'wasi:cli/environment': {
      getEnvironment: () => Object.entries(context.environment),
      getArguments: () => [...context.args],
      getInitialCwd: () => undefined,
    },
    'wasi:cli/stdin': { readViaStream: () => [noInput(), Promise.resolve({ tag: 'ok' })] },
    'wasi:cli/stdout': { writeViaStream: (data: GuestStream) => written(data, 'stdout', context) },
    'wasi:cli/stderr': { writeViaStream: (data: GuestStream) => written(data, 'stderr', context) },
  }
}

async function* noInput(): AsyncGenerator<Uint8Array> {}

async function written(
  data: GuestStream,
  stream: 'stdout' | 'stderr',
  context: WasiContext,
): Promise<{ tag: 'ok' }> {
  const write = context.currentOutput()
  for await (const bytes of guestBytes(data)) write(stream, bytes)
  return { tag: 'ok' }
}
