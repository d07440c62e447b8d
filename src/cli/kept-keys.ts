import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createSigningKey, type NkeyKind, type SigningKey, signingKeyFromSeed } from '../claims/nkey.ts'
import { WeftError } from '../errors.ts'
import { stateDir } from '../lattice/state-file.ts'

type Env = Readonly<Record<string, string | undefined>>

/** The key of a kind and name that is kept in the state folder; made the first time. For the owner alone. */
export async function keptKey(kind: NkeyKind, name: string, env: Env): Promise<SigningKey> {
  const seed = await keptSeed(`${encodeURIComponent(name)}.${kind}`, env, () => createSigningKey(kind).seed)
  return signingKeyFromSeed(kind, seed)
}

/** A seed that is kept in the state folder under a file name; made the first time. */
export async function keptSeed(name: string, env: Env, make: () => string): Promise<string> {
  const folder = join(stateDir(env), 'keys')
  const path = join(folder, `${name}.seed`)
  const made = make()
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFile(path, made, { mode: 0o600, flag: 'wx' })
    return made
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return readFile(path, 'utf8')
    throw new WeftError('unavailable', `cannot keep a key in ${path}: ${String(cause)}`, { cause })
  }
}
