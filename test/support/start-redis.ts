import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { freePort } from './weft.ts'

/** Undefined when this machine has a `redis-server`, else why tests with it are skipped. */
export const noRedis: string | undefined =
  spawnSync('redis-server', ['--version']).status === 0
    ? undefined
    : 'no redis-server on the PATH (Debian: apt-get install redis-server)'

export interface RedisServer {
  readonly port: number
  readonly process: ChildProcess
  stop(): Promise<void>
}

/** Starts a real redis-server that keeps nothing on disk, on the loopback. */
export async function startRedis(args: readonly string[] = [], port?: number): Promise<RedisServer> {
  const own = port ?? (await freePort())
  const fixed = ['--port', String(own), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const child = spawn('redis-server', [...fixed, ...args], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  const end = Date.now() + 20_000
  while (!(await answers(own))) {
    if (child.exitCode !== null || Date.now() > end) throw new Error('redis-server did not start')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return {
    port: own,
    process: child,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await exited
    },
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.on('connect', () => socket.destroy())
    socket.on('error', () => resolve(false))
  })
}
