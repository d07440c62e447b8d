import type { Log } from '../log.ts'
import type { WasiContext } from './wasi-context.ts'

/** A line longer than this is cut into several log lines. */
const longestLine = 8192

export interface OutputLines {
  readonly write: WasiContext['writeOutput']
  flush(): void
}

/** Turns what a guest writes to stdout and stderr into log lines; `flush` logs what has no line end yet. */
export function outputLines(log: Pick<Log, 'write'>): OutputLines {
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() }
  const pending = { stdout: '', stderr: '' }
  const emit = (stream: 'stdout' | 'stderr', line: string) => {
    if (line !== '') log.write(stream === 'stderr' ? 'warn' : 'info', line, { stream })
  }
  return {
    write(stream, bytes) {
      const lines = (pending[stream] + decoders[stream].decode(bytes, { stream: true })).split('\n')
      let rest = lines.pop() ?? ''
      for (const line of lines) emit(stream, line)
      for (; rest.length > longestLine; rest = rest.slice(longestLine))
        emit(stream, rest.slice(0, longestLine))
      pending[stream] = rest
    },
    flush() {
      for (const stream of ['stdout', 'stderr'] as const) emit(stream, pending[stream])
      pending.stdout = ''
      pending.stderr = ''
    },
  }
}
