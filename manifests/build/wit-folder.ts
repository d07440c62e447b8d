import type { Dirent } from 'node:fs'
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './guest.ts'

/** The packages of WASI that jco carries, by version. */
const standard = join(root, 'node_modules/@bytecodealliance/jco/lib/wit/builtin')

/** Puts a guest's WIT into `made`, with the packages of WASI beside its own `deps`. */
export async function copyWit(
  wit: string,
  { made, wasi }: { readonly made: string; readonly wasi: '0.2.10' | '0.2.12' | '0.3.0' },
): Promise<string> {
  const deps = join(made, 'deps')
  await cp(join(standard, wasi === '0.2.10' ? '0.2.12' : wasi), deps, { recursive: true })
  if (wasi === '0.2.10') await rename(deps, wasi)
  await cp(wit, made, { recursive: true })
  return made
}

/** The packages of 0.2.10 and 0.2.12 say the same. */
async function rename(folder: string, version: string): Promise<void> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const file of files.filter((each) => each.name.endsWith('.wit'))) {
    const path = join(file.parentPath, file.name)
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll('0.2.12', version))
  }
}

/** A folder that `copyWit` made, as one text, for tools that read no folders: its packages stand nested in that of the guest. */
export async function witText(folder: string): Promise<string> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  const wit = files.filter((file) => file.name.endsWith('.wit'))
  const own = wit.filter((file) => file.parentPath === folder)
  const deps = wit.filter((file) => file.parentPath !== folder)
  const texts = [
    ...own.map(textOf),
    ...deps.map(async (file) => `${(await textOf(file)).replace(/^(package [^;]+);/m, '$1 {')}\n}\n`),
  ]
  return (await Promise.all(texts)).join('\n')
}

function textOf(file: Dirent): Promise<string> {
  return readFile(join(file.parentPath, file.name), 'utf8')
}
