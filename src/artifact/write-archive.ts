import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { writeTar } from './write-tar.ts'

/** What goes into a provider archive. */
export interface ArchiveContent {
  /** Signed claims. */
  readonly jwt: string
  readonly world?: Uint8Array | undefined
  /** Executables by target, such as `x86_64-linux`. */
  readonly executables: Readonly<Record<string, Uint8Array>>
}

/** Makes a provider archive, `.par.gz`. */
export async function writeProviderArchive({ jwt, world, executables }: ArchiveContent): Promise<Uint8Array> {
  const programs = Object.entries(executables).map(([target, bytes]) => [`${target}.bin`, bytes] as const)
  const files = {
    'claims.jwt': new TextEncoder().encode(jwt),
    ...(world && { 'world.wasm': world }),
    ...Object.fromEntries(programs),
  }
  return promisify(gzip)(writeTar(files))
}
