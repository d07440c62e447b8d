import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { CompiledComponent } from './compile.ts'

/** Part of the cache key: the compiler and what is done to its output. Change it when either changes. */
export const compilerVersion = 'jco-1.35.0-weft-3'

/** SHA-256 of the component's bytes, in hex. */
export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Where compiled components are kept: `$XDG_CACHE_HOME/weft/components` or `~/.cache/weft/components`. */
export function defaultCacheDir(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'weft', 'components')
}

/** The folder of a compiled component, which may not exist yet. */
export function cachedPath(cacheDir: string, digest: string): string {
  return join(cacheDir, `${digest}-${compilerVersion}`)
}

export function isCached(path: string): boolean {
  return existsSync(join(path, 'world.json'))
}

/** Writes a compiled component under its final name in one step, so that a reader sees all of it or nothing. */
export async function writeCached(path: string, compiled: CompiledComponent): Promise<void> {
  const temporary = `${path}.${randomUUID()}`
  await mkdir(temporary, { recursive: true })
  try {
    for (const [name, content] of Object.entries(compiled.files))
      await writeFile(join(temporary, name), content)
    await writeFile(join(temporary, 'world.json'), JSON.stringify(compiled.world))
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    // Another process was quicker: its files are the same.
    if (!isCached(path)) throw error
  }
}
