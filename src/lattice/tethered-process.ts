import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { WeftError } from '../errors.ts'

export interface TetheredProcess {
  /** The program's own pid. */
  readonly pid: number
  /** Resolves with a word on how it ended. */
  readonly ended: Promise<string>
  hasEnded(): boolean
  /** SIGTERM, and SIGKILL when that did not end it within `graceMs`. */
  stop(graceMs: number): Promise<void>
}

/**
 * The shell that holds the other end of a pipe of ours as fd 3. However we end, kill -9 included, the system closes the
 * pipe, `read` returns, and the program is ended: by SIGTERM, after five seconds by SIGKILL. No child of the program or
 * of the shell keeps our stdin, stdout or the pipe. Our stdin goes by fd 4, for a shell gives what it starts beside itself
 * an empty one. The first line that the shell writes is the program's pid.
 */
const tether = `
exec 4<&0 </dev/null
"$@" <&4 3<&- 4<&- >&2 &
pid=$!
echo "$pid"
{ read -r _ <&3; kill "$pid"; sleep 5; kill -9 "$pid"; } >/dev/null 2>&1 4<&- &
watch=$!
exec 3<&- 4<&-
wait "$pid"
code=$?
kill "$watch" 2>/dev/null
exit "$code"
`

/** Characters of a line that are kept. */
const longestLine = 64 * 1024

/**
 * Starts a program that cannot outlive this process for long. It gets a process group of its own: Ctrl-C in a terminal
 * reaches us alone, and we stop it when our turn for that has come.
 */
export async function startTethered(options: {
  readonly command: readonly string[]
  /** What the program reads on stdin, up to its end; nothing when left out. */
  readonly input?: string
  /** The program's environment; this process's own when left out. */
  readonly env?: Readonly<Record<string, string>>
  /** Each line that the program writes to stdout or stderr. */
  readonly onLine: (line: string) => void
}): Promise<TetheredProcess> {
  const shell = spawn('/bin/sh', ['-c', tether, 'weft-tether', ...options.command], {
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', 'pipe'],
    detached: true,
    ...(options.env && { env: options.env }),
  })
  // A program that ends before it has read everything is told of by its end.
  shell.stdin?.on('error', () => undefined).end(options.input)
  let over = false
  const ended = endOf(shell, options.onLine).finally(() => {
    over = true
  })
  const pid = await firstLine(shell)
  return {
    pid,
    ended,
    hasEnded: () => over,
    async stop(graceMs) {
      signal(pid, 'SIGTERM', over)
      const timer = setTimeout(() => signal(pid, 'SIGKILL', over), graceMs)
      await ended.finally(() => clearTimeout(timer))
    },
  }
}

async function endOf(shell: ChildProcess, onLine: (line: string) => void): Promise<string> {
  const pipe = shell.stdio[3]
  pipe?.on('error', () => undefined)
  const linesEnd = shell.stderr && eachLine(shell.stderr, onLine)
  try {
    const [code]: unknown[] = await once(shell, 'exit')
    // The last lines say why it ended, and may come after the news that it did.
    await linesEnd
    return `exit code ${String(code)}`
  } catch (error) {
    return String(error)
  } finally {
    pipe?.destroy()
  }
}

/** Tells each line; of one that is longer than `longestLine` only the beginning, for nobody knows where it ends. */
async function eachLine(input: Readable, onLine: (line: string) => void): Promise<void> {
  const ended = once(input, 'close')
  let line = ''
  input.setEncoding('utf8').on('data', (text: string) => {
    const [first = '', ...others] = text.split('\n')
    line += first.slice(0, longestLine - line.length)
    for (const next of others) {
      onLine(line.replace(/\r$/, ''))
      line = next.slice(0, longestLine)
    }
  })
  await ended
  if (line !== '') onLine(line)
}

async function firstLine(shell: ChildProcess): Promise<number> {
  if (shell.stdout) {
    for await (const line of createInterface({ input: shell.stdout })) {
      const pid = Number.parseInt(line, 10)
      if (pid > 0) return pid
    }
  }
  throw new WeftError('internal', 'cannot start a program through /bin/sh')
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL', over: boolean): void {
  if (over) return
  try {
    process.kill(pid, name)
  } catch {
    // It has just ended by itself.
  }
}
