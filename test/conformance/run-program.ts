import { execFile, spawn } from 'node:child_process'

const runLimitMs = 120_000
const readyLimitMs = 30_000

/** What a program said and how it ended. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a program to its end, or for two minutes. */
export function runProgram(
  path: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { env, timeout: runLimitMs, maxBuffer: 2 ** 26 }
    execFile(path, [...args], options, (error, out, err) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, out, err })
    })
  })
}

/** A program that keeps running. */
export interface Running {
  readonly output: () => string
  /** Waits until its output matches. */
  seen(pattern: RegExp): Promise<RegExpExecArray>
  stop(): Promise<void>
}

/** Starts a program. */
export function startProgram(
  path: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Running {
  const child = spawn(path, [...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const checks = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      for (const check of checks) check()
    })
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      output += String(error)
      resolve()
    })
    child.once('close', () => resolve())
  })
  return {
    output: () => output,
    async seen(pattern) {
      const found = Promise.withResolvers<RegExpExecArray>()
      const timer = setTimeout(
        () => found.reject(new Error(`no ${pattern} within ${readyLimitMs} ms in:\n${output}`)),
        readyLimitMs,
      )
      void ended.then(() => found.reject(new Error(`ended before ${pattern} was seen in:\n${output}`)))
      const check = () => {
        const match = pattern.exec(output)
        if (match) found.resolve(match)
      }
      checks.add(check)
      check()
      try {
        return await found.promise
      } finally {
        clearTimeout(timer)
        checks.delete(check)
      }
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await ended
    },
  }
}
