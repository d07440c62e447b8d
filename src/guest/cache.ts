import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ModuleInfo } from '../component/instrument.ts'
import type { Program } from '../component/program.ts'
import { SourceLines } from '../component/source-lines.ts'
import { version } from '../version.ts'
import type { WitWorld } from '../wit/type.ts'
import type { CompiledComponent } from './compile.ts'

/** Part of the cache key beside the release. Change it when the compiler gives something else than before. */
const compilerVersion = 'weft-16'

/** SHA-256 of the component's bytes, in hex. */
export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Where compiled components are kept: `$XDG_CACHE_HOME/weft/components` or `~/.cache/weft/components`. */
export function defaultCacheDir(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'weft', 'components')
}

/** Where what was pulled from registries is kept, beside the compiled components. */
export function defaultArtifactDir(env: Readonly<Record<string, string | undefined>>): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'weft', 'artifacts')
}

/** The folder of a compiled component, which may not exist yet. */
export function cachedPath(cacheDir: string, digest: string): string {
  return join(cacheDir, `${digest}-${version}-${compilerVersion}`)
}

export function isCached(path: string): boolean {
  return existsSync(join(path, description))
}

/** Reads what `writeCached` wrote to `path`, but for the lines. */
export async function readCached(path: string): Promise<CompiledComponent> {
  // Our own file, written by the compiler.
  const { world, program, infos } = JSON.parse(await readFile(join(path, description), 'utf8')) as Description
  const modules = await Promise.all(
    infos.map(async (info, number) => ({ info, bytes: await readFile(join(path, moduleFile(number))) })),
  )
  return { world, program, modules }
}

/** Writes a compiled component under its final name in one step, so that a reader sees all of it or nothing. */
export async function writeCached(path: string, compiled: CompiledComponent): Promise<void> {
  const temporary = `${path}.${randomUUID()}`
  await mkdir(temporary, { recursive: true })
  try {
    for (const [number, { bytes, lines }] of compiled.modules.entries()) {
      await writeFile(join(temporary, moduleFile(number)), bytes)
      if (lines) await writeFile(join(temporary, linesFile(number)), lines.encode())
    }
    const { world, program } = compiled
    const infos = compiled.modules.map(({ info }) => info)
    await writeFile(
      join(temporary, description),
      JSON.stringify({ world, program, infos } satisfies Description),
    )
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    // Another process was quicker: its files are the same.
    if (!isCached(path)) throw error
  }
}

const description = 'component.json'

interface Description {
  readonly world: WitWorld
  readonly program: Program
  readonly infos: readonly ModuleInfo[]
}

/**
 * The source lines of core module `number` of what was compiled to `path`; undefined when it came without, or the cache was
 * emptied meanwhile. Read at once, for a trap that is told now; nobody waits for it otherwise.
 */
export function readLines(path: string, number: number): SourceLines | undefined {
  const file = join(path, linesFile(number))
  return existsSync(file) ? SourceLines.decode(readFileSync(file)) : undefined
}

function linesFile(number: number): string {
  return `core-${number}.lines`
}

function moduleFile(number: number): string {
  return `core-${number}.wasm`
}
