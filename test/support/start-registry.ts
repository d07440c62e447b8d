import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:fs'
import { access, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { until } from './until.ts'
import { freePort } from './weft.ts'

/** A real registry on the loopback. `user` and `password` are asked for when it was started with a login. */
export interface TestRegistry {
  /** `127.0.0.1:port` */
  readonly host: string
  readonly process: ChildProcess
  stop(): Promise<void>
}

export const registryUser = { username: 'ada', password: 'secret' } as const
/** The htpasswd line of that user (bcrypt). */
const passwordLine = 'ada:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n'

/**
 * The registry program: WEFT_TEST_REGISTRY, one on the PATH, or Debian's `docker-registry` unpacked into the temporary
 * folder (no root needed). Undefined where there is none and none can be had; tests say so and skip.
 */
export async function findRegistry(): Promise<string | undefined> {
  const named = process.env['WEFT_TEST_REGISTRY']
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'docker-registry'))
  for (const path of [...(named ? [named] : []), ...onPath, '/usr/bin/docker-registry', unpacked]) {
    if (await isExecutable(path)) return path
  }
  return unpackDebian().catch(() => undefined)
}

/** Starts a registry that keeps its store in a temporary folder. */
export async function startRegistry(program: string, login: 'open' | 'login'): Promise<TestRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-registry-'))
  const host = `127.0.0.1:${await freePort()}`
  await writeFile(join(folder, 'htpasswd'), passwordLine)
  const auth =
    login === 'open' ? '' : `auth:\n  htpasswd: { realm: tests, path: ${join(folder, 'htpasswd')} }\n`
  const config = `version: 0.1\nlog: { level: error }\nstorage: { filesystem: { rootdirectory: ${folder}/store } }\nhttp: { addr: "${host}" }\n${auth}`
  await writeFile(join(folder, 'config.yml'), config)
  const child = spawn(program, ['serve', join(folder, 'config.yml')], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGKILL')
    await exited
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const answers = async () => (await fetch(`http://${host}/v2/`).catch(() => undefined))?.status
    await until(answers, { timeoutMs: 20_000, what: 'the registry answers' })
    return { host, process: child, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const place = join(tmpdir(), 'weft-test-registry')
const unpacked = join(place, 'usr', 'bin', 'docker-registry')

/** Another test may do the same at the same time: what is renamed last stays. */
async function unpackDebian(): Promise<string | undefined> {
  const run = promisify(execFile)
  const folder = await mkdtemp(join(tmpdir(), 'weft-registry-deb-'))
  try {
    await run('apt-get', ['download', 'docker-registry'], { cwd: folder, timeout: 60_000 })
    const deb = (await readdir(folder)).find((name) => name.endsWith('.deb'))
    if (deb === undefined) return undefined
    await mkdir(join(folder, 'root'))
    await run('dpkg', ['-x', join(folder, deb), join(folder, 'root')], { timeout: 60_000 })
    await rename(join(folder, 'root'), place).catch(() => undefined)
    return (await isExecutable(unpacked)) ? unpacked : undefined
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
