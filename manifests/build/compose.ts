import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Guest, root } from './guest.ts'
import { run } from './run.ts'
import { withTemporary } from './with-temporary.ts'

/**
 * A component composed of those in the folders beside the `.wac` file, which names them `weft-test:FOLDER`. WAC names
 * another than the `wac` in PATH (`cargo install wac-cli`).
 */
export function compose({ name, folder }: Guest): Promise<Uint8Array> {
  return withTemporary(async (made) => {
    const entries = await readdir(folder, { withFileTypes: true })
    const parts = entries.filter((entry) => entry.isDirectory() && entry.name !== 'wit')
    const deps = parts.flatMap((part) => [
      '--dep',
      `weft-test:${part.name}=${join(folder, part.name, `${part.name}.wasm`)}`,
    ])
    const output = join(made, 'composed.wasm')
    run(process.env.WAC ?? 'wac', ['compose', join(folder, `${name}.wac`), ...deps, '-o', output], {
      cwd: root,
    })
    return readFile(output)
  })
}
