import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { until } from '../support/until.ts'
import { freePort, openWorkplace, root } from '../support/weft.ts'
import { cpuSeconds } from './cpu-seconds.ts'
import { httpLoad, type LoadResult } from './http-load.ts'

/** A server under measurement. */
export interface Served {
  readonly url: string
  readonly pid: number
  close(): Promise<void>
}

/** `node:http` alone, in a process of its own; with several threads that share its port. */
export function serveBare(threads = 1): Promise<Served> {
  return serveAlone('bare-http.ts', String(threads))
}

/** A file of this folder that prints the port it listens on, in a process of its own. */
export async function serveAlone(file: string, ...args: readonly string[]): Promise<Served> {
  const child = spawn(process.execPath, [join(import.meta.dirname, file), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [port] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    url: `http://127.0.0.1:${port.toString().trim()}/`,
    pid: child.pid ?? 0,
    async close() {
      const ended = once(child, 'exit')
      child.kill()
      await ended
    },
  }
}

const jco = join(root, 'node_modules', '@bytecodealliance', 'jco', 'dist', 'jco.js')

/** The component under `jco serve`, which has one instance for all requests; `isolated`, a new one for each. */
export async function serveJco(component: string, instances: 'one' | 'isolated'): Promise<Served> {
  const port = await freePort()
  const isolated = instances === 'isolated' ? ['--isolate-requests', 'instance'] : []
  const child = spawn(
    process.execPath,
    [jco, 'serve', join(root, component), '--host', '127.0.0.1', '--port', String(port), ...isolated],
    { cwd: root, stdio: 'ignore' },
  )
  const close = async () => {
    const ended = once(child, 'exit')
    for (const pid of await childrenOf(child.pid ?? 0)) process.kill(pid)
    child.kill()
    await ended
  }
  try {
    const url = `http://127.0.0.1:${port}/`
    await until(
      () =>
        fetch(url)
          .then(({ status }) => status === 200)
          .catch(() => false),
      {
        timeoutMs: 60_000,
        what: 'jco serve answers',
      },
    )
    // What serves is a child of the command.
    const [serving = child.pid ?? 0] = await childrenOf(child.pid ?? 0)
    return { url, pid: serving, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function childrenOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return children.split(' ').filter(Boolean).map(Number)
}

/** The same; `POST /echo` pipes the request into the answer. */
export const serveEcho = (): Promise<Served> => serveBare()

/** `weft up` with one HTTP component, as a user would run it. `traits` are added to the component, as YAML list items. */
export async function serveWeft(
  component: string,
  options: {
    readonly threads?: number
    readonly traits?: readonly object[]
    readonly env?: NodeJS.ProcessEnv
    /** Links the component to a key-value store. */
    readonly keyvalue?: boolean
  } = {},
): Promise<Served> {
  const place = await openWorkplace()
  const port = await freePort()
  const manifest = join(place.folder, 'bench.json')
  await writeFile(manifest, JSON.stringify(manifestOf(component, port, options)))
  const up = place.start(
    ['up', '--port', '0', '--ephemeral', '--threads', String(options.threads ?? 1), manifest],
    options.env,
  )
  await up.seen(/weft is up/)
  return { url: `http://127.0.0.1:${port}/`, pid: up.pid, close: () => place.close() }
}

function manifestOf(
  component: string,
  port: number,
  { traits = [], keyvalue = false }: { readonly traits?: readonly object[]; readonly keyvalue?: boolean },
): object {
  const spread = (instances: number) => ({ type: 'spreadscaler', properties: { instances } })
  const link = {
    type: 'link',
    properties: {
      namespace: 'wasi',
      package: 'http',
      interfaces: ['incoming-handler'],
      source: { config: [{ name: 'bench-http', properties: { address: `127.0.0.1:${port}` } }] },
      target: { name: 'guest' },
    },
  }
  const store = {
    type: 'link',
    properties: {
      namespace: 'wasi',
      package: 'keyvalue',
      interfaces: ['store', 'atomics', 'batch'],
      target: { name: 'store', config: [{ name: 'bench-bucket', properties: { bucket: 'bench' } }] },
    },
  }
  const storeProvider = {
    name: 'store',
    type: 'capability',
    properties: { image: 'wasmcloud+builtin://keyvalue-memory' },
    traits: [spread(1)],
  }
  const image = pathToFileURL(join(root, component)).href
  return {
    apiVersion: 'core.oam.dev/v1beta1',
    kind: 'Application',
    metadata: { name: 'bench', annotations: { description: 'one HTTP component' } },
    spec: {
      components: [
        {
          name: 'http',
          type: 'capability',
          properties: { image: 'wasmcloud+builtin://http-server' },
          traits: [spread(1), link],
        },
        {
          name: 'guest',
          type: 'component',
          properties: { image },
          traits: [spread(100), ...traits, ...(keyvalue ? [store] : [])],
        },
        ...(keyvalue ? [storeProvider] : []),
      ],
    },
  }
}

/** A load and the CPU time that the server used for it. */
export interface Measured extends LoadResult {
  readonly cpuMicros: number
  readonly perSecond: number
}

/** Warms a server up, then loads it for `seconds`. */
export async function measure(
  served: Served,
  { connections = 16, seconds = 4, warmSeconds = 2 } = {},
): Promise<Measured> {
  await httpLoad(served.url, { connections, seconds: warmSeconds })
  const before = await cpuSeconds(served.pid)
  const load = await httpLoad(served.url, { connections, seconds })
  const used = (await cpuSeconds(served.pid)) - before
  if (load.errors > 0) throw new Error(`${load.errors} of ${load.requests} requests failed`)
  return { ...load, cpuMicros: (used * 1e6) / load.requests, perSecond: load.requests / load.seconds }
}
