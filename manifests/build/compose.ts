import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Guest, root } from './guest.ts'
import { run } from './run.ts'
import { withTemporary } from './with-temporary.ts'

/**
 * A component composed of others, which the `.wac` file names `weft-test:NAME`: guests in folders of its own, or beside it.
 * WAC names another than the `wac` in PATH (`cargo install wac-cli`).
 */
export function compose({ name, folder }: Guest): Promise<Uint8Array> {
  return withTemporary(async (made) => {
    const source = join(folder, `${name}.wac`)
    const parts = (await readFile(source, 'utf8')).matchAll(/\bnew weft-test:([a-z0-9-]+)/g)
    const deps = [...new Set([...parts].map(([, part = '']) => part))].flatMap((part) => [
      '--dep',
      `weft-test:${part}=${partPath(folder, part)}`,
    ])
    const output = join(made, 'composed.wasm')
    run(process.env.WAC ?? 'wac', ['compose', source, ...deps, '-o', output], { cwd: root })
    return readFile(output)
  })
}

function partPath(folder: string, part: string): string {
  const own = join(folder, part)
  return join(existsSync(own) ? own : join(dirname(folder), part), `${part}.wasm`)
}
