import type { WasiContext } from '../wasi-context.ts'
import { GuestExit } from './guest-exit.ts'
import { InputStream, noInput } from './input-stream.ts'
import { type ByteSink, OutputStream } from './output-stream.ts'
import { alwaysReady } from './readiness.ts'

/** What stdout and stderr say they have room for; there is no bound, writes are handed on at once. */
const outputRoom = 64 * 1024

class TerminalInput {}
class TerminalOutput {}

const noTerminal = () => undefined

/** The parts of `wasi:cli` that are the same for every guest. */
export const cliImports = {
  'wasi:cli/exit': {
    exit(status: { readonly tag: 'ok' | 'err' }): never {
      throw new GuestExit(status.tag === 'ok' ? 0 : 1)
    },
    exitWithCode(code: number): never {
      throw new GuestExit(code)
    },
  },
  'wasi:cli/terminal-input': { TerminalInput },
  'wasi:cli/terminal-output': { TerminalOutput },
  'wasi:cli/terminal-stdin': { getTerminalStdin: noTerminal },
  'wasi:cli/terminal-stdout': { getTerminalStdout: noTerminal },
  'wasi:cli/terminal-stderr': { getTerminalStderr: noTerminal },
}

/** The parts of `wasi:cli` that belong to one invocation: environment, arguments, stdin (empty), stdout and stderr. */
export function cliImportsOf(context: WasiContext): Record<string, object> {
  return {
    'wasi:cli/environment': {
      getEnvironment: () => Object.entries(context.environment),
      getArguments: () => [...context.args],
      initialCwd: () => undefined,
    },
    'wasi:cli/stdin': { getStdin: () => new InputStream(noInput, context.signal) },
    'wasi:cli/stdout': { getStdout: () => outputTo('stdout', context) },
    'wasi:cli/stderr': { getStderr: () => outputTo('stderr', context) },
  }
}

function outputTo(stream: 'stdout' | 'stderr', context: WasiContext): OutputStream {
  const sink: ByteSink = {
    ...alwaysReady,
    room: () => outputRoom,
    put: (bytes) => context.writeOutput(stream, bytes),
    release() {},
  }
  return new OutputStream(sink, context.life)
}
