import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createSigningKey, type NkeyKind, type SigningKey, signingKeyFromSeed } from '../claims/nkey.ts'
import { WeftError } from '../errors.ts'
import { stateDir } from '../lattice/state-file.ts'

/** The key of a kind and name that is kept in the state folder; made the first time. For the owner alone. */
export async function keptKey(
  kind: NkeyKind,
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<SigningKey> {
  const folder = join(stateDir(env), 'keys')
  const path = join(folder, `${encodeURIComponent(name)}.${kind}.seed`)
  const made = createSigningKey(kind)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  try {
    await writeFile(path, made.seed, { mode: 0o600, flag: 'wx' })
    return made
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST')
      return signingKeyFromSeed(kind, await readFile(path, 'utf8'))
    throw new WeftError('unavailable', `cannot keep a key in ${path}: ${String(cause)}`, { cause })
  }
}
