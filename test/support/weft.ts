import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

export const root = resolve(import.meta.dirname, '..', '..')
const launcher = join(root, 'src', 'weft.mjs')
const startLimitMs = 60_000
const stopLimitMs = 60_000

/** A `weft` process that keeps running. */
export interface RunningWeft {
  readonly pid: number
  /** What it has written so far, to both outputs. */
  readonly output: () => string
  /** Waits until its output matches; fails with the output when it ends or a minute passes. */
  seen(pattern: RegExp): Promise<RegExpExecArray>
  /** Sends a signal and waits for the end; gives the exit code, null after a kill. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** A place of its own for one lattice: state, cache shared with other tests, and copies of manifests on free ports. */
export async function openWorkplace(): Promise<{
  readonly env: NodeJS.ProcessEnv
  readonly folder: string
  /** Starts `weft …args`, as arguments of another program if one is given (`ip netns exec …`). */
  start(args: readonly string[], env?: NodeJS.ProcessEnv, within?: readonly string[]): RunningWeft
  /** Runs `weft …args` to its end. */
  run(args: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }>
  /** A copy of a manifest with its HTTP port and file references changed; gives its path and URL. */
  manifest(
    path: string,
    edit?: (text: string) => string,
  ): Promise<{ readonly path: string; readonly url: string }>
  /** Ends what still runs and removes the folder. */
  close(): Promise<void>
}> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-e2e-'))
  const env = { ...withoutOtel(process.env), WEFT_STATE_DIR: join(folder, 'state'), NO_COLOR: '1' }
  const running = new Set<RunningWeft>()
  return {
    env,
    folder,
    start(args, more = {}, within = []) {
      const weft = startWeft([...within, process.execPath, launcher, ...args], { ...env, ...more })
      running.add(weft)
      return weft
    },
    run: (args) => runWeft(args, env),
    async manifest(path, edit = (text) => text) {
      const port = await freePort()
      const text = await readFile(join(root, path), 'utf8')
      const absolute = pathToFileURL(join(root, dirname(path))).href
      const changed = text
        .replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`)
        .replaceAll('file://./', `${absolute}/`)
      const copy = join(folder, `${basename(dirname(path))}-${port}.yaml`)
      await writeFile(copy, edit(changed))
      return { path: copy, url: `http://127.0.0.1:${port}` }
    },
    async close() {
      await Promise.all([...running].map((weft) => weft.stop()))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function startWeft([program = '', ...args]: readonly string[], env: NodeJS.ProcessEnv): RunningWeft {
  const child = spawn(program, args, {
    env,
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const check of waiting) check()
  }
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      wake()
    })
  }
  const ended = new Promise<number | null>((resolveEnd) => child.once('close', resolveEnd))
  void ended.then(wake)
  return {
    pid: child.pid ?? 0,
    output: () => output,
    seen: (pattern) =>
      new Promise((resolveSeen, reject) => {
        const fail = (why: string) => {
          done()
          reject(new Error(`${why} before ${pattern} was seen in:\n${output}`))
        }
        const timer = setTimeout(() => fail(`${startLimitMs} ms passed`), startLimitMs)
        const done = () => {
          clearTimeout(timer)
          waiting.delete(check)
        }
        const check = () => {
          const match = pattern.exec(output)
          if (match) {
            done()
            resolveSeen(match)
          } else if (hasEnded(child)) fail(`weft ended with ${child.exitCode}`)
        }
        waiting.add(check)
        check()
      }),
    async stop(signal = 'SIGTERM') {
      if (hasEnded(child)) return ended
      child.kill(signal)
      // A test that failed may have left it frozen.
      child.kill('SIGCONT')
      const patience = setTimeout(() => child.kill('SIGKILL'), stopLimitMs)
      void ended.then(() => clearTimeout(patience))
      return ended
    },
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

function runWeft(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolveRun) => {
    execFile(
      process.execPath,
      [launcher, ...args],
      { env, cwd: root, timeout: 90_000 },
      (error, out, err) => {
        resolveRun({ code: error ? Number(error.code ?? 1) : 0, out, err })
      },
    )
  })
}

/** A TCP port that nobody listened on a moment ago, of those that the system gives to no outgoing connection. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolveListen) => {
      server.once('error', () => resolveListen(false))
      server.listen(port, '127.0.0.1', () => resolveListen(true))
    })
    if (!isFree) continue
    await new Promise((resolveClose) => server.close(resolveClose))
    return port
  }
}

function withoutOtel(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(OTEL_|WEFT_|NATS_)/.test(name)))
}
