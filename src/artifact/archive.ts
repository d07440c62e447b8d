import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { WeftError } from '../errors.ts'
import { readTar } from './tar.ts'

/** A capability provider's archive (`.par`, `.par.gz`): executables for several machines, and what is said of them. */
export interface ProviderArchive {
  /** The signed claims, a JWT; undefined for an unsigned provider. */
  readonly jwt: string | undefined
  /** Its WIT world, as a binary package. */
  readonly world: Uint8Array | undefined
  /** Machines that it has an executable for, such as `x86_64-linux`: Rust's names. */
  readonly targets: readonly string[]
  /** The executable for a machine; throws `invalid` with the machines that there are. */
  executable(target: string): Uint8Array
}

const largestUnpacked = 2 * 1024 * 1024 * 1024
const unzip = promisify(gunzip)
const rustArch: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64', ia32: 'x86' }
const rustOs: Readonly<Record<string, string>> = { darwin: 'macos', win32: 'windows' }

/** The target that runs on this machine, such as `x86_64-linux`. */
export function thisTarget(): string {
  return `${rustArch[process.arch] ?? process.arch}-${rustOs[process.platform] ?? process.platform}`
}

/** True for bytes that begin as an archive does: gzip, or tar. */
export function isProviderArchive(bytes: Uint8Array): boolean {
  return isGzip(bytes) || new TextDecoder('latin1').decode(bytes.subarray(257, 262)) === 'ustar'
}

/** Opens an archive, gzipped or not. `ref` is only for errors. Claims are not checked here: see `claims/`. */
export async function openProviderArchive(bytes: Uint8Array, ref: string): Promise<ProviderArchive> {
  const files = readTar(await unpacked(bytes, ref), ref)
  const targets = [...files.keys()].flatMap((name) => (name.endsWith('.bin') ? [name.slice(0, -4)] : []))
  if (targets.length === 0)
    throw new WeftError('invalid', `${ref}: expected a provider archive with files such as x86_64-linux.bin`)
  const jwt = files.get('claims.jwt')
  return {
    jwt: jwt && new TextDecoder().decode(jwt).trim(),
    world: files.get('world.wasm'),
    targets,
    executable(target) {
      const found = files.get(`${target}.bin`)
      if (found) return found
      throw new WeftError('invalid', `${ref} has no executable for ${target}, only for ${targets.join(', ')}`)
    },
  }
}

async function unpacked(bytes: Uint8Array, ref: string): Promise<Uint8Array> {
  if (!isGzip(bytes)) return bytes
  return unzip(bytes, { maxOutputLength: largestUnpacked }).catch((cause: unknown) => {
    throw new WeftError('invalid', `${ref}: the archive is damaged: ${WeftError.from(cause).message}`, {
      cause,
    })
  })
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}
