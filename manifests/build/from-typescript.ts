import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join } from 'node:path'
import { componentize } from 'componentize-qjs'
import { type Guest, witOf } from './guest.ts'
import { copyWit } from './wit-folder.ts'
import { withTemporary } from './with-temporary.ts'

/** TypeScript in QuickJS. */
export function fromTypeScript({ name, folder }: Guest): Promise<Uint8Array> {
  return withTemporary(async (wit) => {
    const source = await withImports(join(folder, `${name}.ts`))
    const witPath = await copyWit(witOf(folder), { made: wit, wasi: '0.3.0' })
    const built = await componentize({ witPath, jsSource: source, optSize: true })
    return built.component
  })
}

/**
 * A module with the files that it imports by path put before it, types taken out: a guest is one file. Their names stand
 * side by side then, so no two may be the same.
 */
export async function withImports(path: string, seen = new Set<string>()): Promise<string> {
  seen.add(path)
  const parts: string[] = []
  const own = stripTypeScriptTypes(await readFile(path, 'utf8'))
  const rest = own.replaceAll(/^import\s+\{[^}]*\}\s+from\s+'(\.[^']*)'$/gm, (_, file: string) => {
    const imported = join(dirname(path), file)
    if (!seen.has(imported)) parts.push(imported)
    seen.add(imported)
    return ''
  })
  const before = []
  for (const part of parts) before.push((await withImports(part, seen)).replaceAll(/^export (?=\w)/gm, ''))
  return [...before, rest].join('\n')
}
