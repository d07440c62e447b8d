import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { findNatsServer } from './nats-server-binary.ts'
import { waitForServer } from './server-info.ts'
import { lockStore, type StoreLock } from './store-lock.ts'
import { startTethered, type TetheredProcess } from './tethered-process.ts'

export interface StartNatsServerOptions {
  /** Where JetStream keeps the lattice's data; one server at a time. */
  readonly storeDir: string
  /** The wanted port, default 4222; the next free one when it is taken. 0 takes any. */
  readonly port?: number
  readonly log: Log
  /** True keeps nothing: the data lies in a new temporary directory that `stop` removes. Default false. */
  readonly ephemeral?: boolean
}

export interface ManagedNatsServer {
  readonly url: string
  readonly version: string
  readonly pid: number
  stop(): Promise<void>
}

const defaultPort = 4222
/** How many ports are tried, from the wanted one upwards. */
const portsTried = 100
const stopGraceMs = 5_000
/** Lines of the server's log that an error repeats. */
const linesKept = 5

/**
 * Runs a real nats-server for this machine: JetStream on, on the loopback only, no login. Resolves when it answers. It
 * ends with this process, however that ends.
 */
export async function startNatsServer(options: StartNatsServerOptions): Promise<ManagedNatsServer> {
  const binary = await findNatsServer()
  const store = await openStore(options)
  try {
    const server = await startOnFreePort({ options, binary: binary.path, store })
    let stopping = false
    void server.process.ended.then((how) => {
      if (!stopping) options.log.error('the NATS server ended by itself', { how, url: server.url })
    })
    return {
      url: server.url,
      version: server.version,
      pid: server.process.pid,
      async stop() {
        stopping = true
        await server.process.stop(stopGraceMs)
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

interface Store {
  readonly path: string
  readonly lock: StoreLock
  close(): Promise<void>
}

async function openStore(options: StartNatsServerOptions): Promise<Store> {
  if (!options.ephemeral) await mkdir(options.storeDir, { recursive: true })
  const path = options.ephemeral ? await mkdtemp(join(tmpdir(), 'weft-nats-')) : options.storeDir
  const lock = await lockStore(path)
  return {
    path,
    lock,
    async close() {
      await lock.release()
      if (options.ephemeral) await rm(path, { recursive: true, force: true })
    },
  }
}

interface Start {
  readonly options: StartNatsServerOptions
  readonly binary: string
  readonly store: Store
}

interface Started {
  readonly process: TetheredProcess
  readonly url: string
  readonly version: string
}

async function startOnFreePort(start: Start): Promise<Started> {
  const first = start.options.port ?? defaultPort
  let problem = ''
  for (let tried = 0; tried < portsTried; tried++) {
    const port = await freePort(first === 0 ? 0 : first + tried)
    if (port === undefined) continue
    const result = await startOn(start, port)
    if (typeof result !== 'string') return result
    problem = result
    // Somebody may have taken the port since we looked; any other end would come again.
    if (!problem.includes('address already in use')) break
  }
  const ports = `${first} to ${first + portsTried - 1}`
  throw new WeftError('unavailable', problem === '' ? `no free port for NATS from ${ports}` : problem)
}

/** Starts the server; a text tells why it ended at once. */
async function startOn({ options, binary, store }: Start, port: number): Promise<Started | string> {
  const name = `weft-${process.pid}-${port}`
  const address = ['--addr', '127.0.0.1', '--port', String(port)]
  const lines: string[] = []
  const child = await startTethered({
    command: [binary, ...address, '--jetstream', '--store_dir', store.path, '--name', name],
    onLine: (line) => {
      lines.splice(0, lines.length - linesKept + 1)
      lines.push(line)
      options.log.debug(withoutStamp(line), { server: 'nats' })
    },
  })
  const waiting = new AbortController()
  try {
    await store.lock.noteServer(child.pid)
    const info = await Promise.race([
      waitForServer({ port, name, signal: waiting.signal }),
      child.ended.then(
        (how) => `the NATS server did not start (${how}): ${lines.map(withoutStamp).join(' | ')}`,
      ),
    ])
    if (typeof info === 'string') return info
    return { process: child, url: `nats://127.0.0.1:${port}`, version: info.version }
  } catch (error) {
    await child.stop(stopGraceMs)
    throw error
  } finally {
    waiting.abort()
  }
}

/** The port when nobody listens on it; undefined when it is taken. 0 asks the system for one. */
async function freePort(port: number): Promise<number | undefined> {
  const probe = createServer()
  return await new Promise((resolve) => {
    probe.once('error', () => resolve(undefined))
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : undefined))
    })
  })
}

/** `[123] 2026/01/31 10:00:00.123456 [INF] Server is ready` → `[INF] Server is ready`. */
function withoutStamp(line: string): string {
  return line.replace(/^\[\d+\] \S+ \S+ /, '')
}
