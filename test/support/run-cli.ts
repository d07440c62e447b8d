import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../../src/cli/run-command.ts'

export interface CliRun {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs `weft` commands in this process, with a state folder of their own. */
export async function openCli(env: Readonly<Record<string, string>> = {}): Promise<{
  readonly env: Readonly<Record<string, string>>
  run(...args: readonly string[]): Promise<CliRun>
  /** Begins a command that goes on; `output` is what it has printed, `interrupt` is Ctrl-C. */
  begin(...args: readonly string[]): {
    readonly ended: Promise<CliRun>
    readonly output: () => string
    interrupt(): void
  }
  close(): Promise<void>
}> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-cli-'))
  const all = { ...env, WEFT_STATE_DIR: folder }
  const begin = (...args: readonly string[]) => {
    const stop = new AbortController()
    let out = ''
    let err = ''
    const terminal = {
      env: all,
      out: (text: string) => {
        out += text
      },
      err: (text: string) => {
        err += text
      },
      isColour: false,
      width: 100,
      signal: stop.signal,
    }
    const ended = runCommand(args, terminal).then((code) => ({ code, out, err }))
    return { ended, output: () => out + err, interrupt: () => stop.abort('SIGINT') }
  }
  return {
    env: all,
    begin,
    run: (...args) => begin(...args).ended,
    close: () => rm(folder, { recursive: true, force: true }),
  }
}
